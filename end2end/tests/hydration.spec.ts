import type { Page } from '@playwright/test';
import { expect, test } from '../harness/test';

/** The shell's code comes; that of the page itself does not, until `release`. */
async function withoutItsOwnCode(page: Page): Promise<{ release: () => void; waiting: () => number }> {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let waiting = 0;
  await page.route(/\/pkg\/.*\.wasm/, async (route) => {
    if (!/millrace[^/]*\.wasm/.test(route.request().url())) {
      waiting += 1;
      await held;
    }
    await route.continue().catch(() => {});
  });
  return { release, waiting: () => waiting };
}

// A click in that moment once changed the address under the page that was being hydrated, and ended its script.
for (const [path, link, next] of [
  ['/transactions', 'table tbody a[href^="/transactions/"]', /\/transactions\/[0-9a-f-]{36}/],
  ['/', 'nav a[href="/transactions"]', /\/transactions$/],
] as const) {
  test(`a link clicked on ${path} while its script is on the way leads on`, async ({ page, scripted, phone }) => {
    test.skip(!scripted, 'about the script taking over');
    test.skip(phone && link.startsWith('nav'), 'the phone has this link in a menu');
    const { release, waiting } = await withoutItsOwnCode(page);
    await page.goto(path);
    await expect.poll(waiting).toBeGreaterThan(0);
    await expect(page.locator('html[data-hydrated]')).toHaveCount(0);
    await page.locator(link).first().click();
    release();
    await expect(page).toHaveURL(next);
    await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
    await expect(page.locator('h1')).toBeVisible();
  });
}

// Data read anew in that moment was matched with the HTML of the old, and ended the page's script.
test('what changes while the script of a page is on the way is shown as soon as it has come', async ({ page, scripted, phone }) => {
  test.skip(!scripted || phone, 'about the script taking over, which is the same on the phone');
  let told = 0;
  // A stream that says at once that everything changed, as one does after an outage.
  await page.route('**/live', async (route) => {
    told += 1;
    const frames = ['event: hello', 'data: {"hears":true}', '', 'event: resync', 'data: {}', '', ''].join('\n');
    await route.fulfill({ contentType: 'text/event-stream', body: frames });
  });
  const { release, waiting } = await withoutItsOwnCode(page);
  let looks = 0;
  page.on('request', (request) => (looks += Number(/\/fn\/overview\/screen/.test(request.url()))));
  await page.goto('/');
  await expect.poll(waiting).toBeGreaterThan(0);
  await expect.poll(() => told).toBeGreaterThan(0);
  await page.waitForTimeout(1_500);
  expect(looks, 'nothing is read anew under a page that is not there yet').toBe(0);
  release();
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await expect.poll(() => looks, 'what was told is read').toBeGreaterThan(0);
  await expect(page.locator('main h1')).toHaveCount(1);
});
