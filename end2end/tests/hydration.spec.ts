import { expect, test } from '../harness/test';

// A click in that moment once changed the address under the page that was being hydrated, and ended its script.
for (const [path, link, next] of [
  ['/transactions', 'table tbody a[href^="/transactions/"]', /\/transactions\/[0-9a-f-]{36}/],
  ['/', 'nav a[href="/transactions"]', /\/transactions$/],
] as const) {
  test(`a link clicked on ${path} while its script is on the way leads on`, async ({ page, scripted, phone }) => {
    test.skip(!scripted, 'about the script taking over');
    test.skip(phone && link.startsWith('nav'), 'the phone has this link in a menu');
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let waiting = 0;
    // The shell's code comes; that of the page itself does not.
    await page.route(/\/pkg\/.*\.wasm/, async (route) => {
      if (!/millrace[^/]*\.wasm/.test(route.request().url())) {
        waiting += 1;
        await held;
      }
      await route.continue().catch(() => {});
    });
    await page.goto(path);
    await expect.poll(() => waiting).toBeGreaterThan(0);
    await expect(page.locator('html[data-hydrated]')).toHaveCount(0);
    await page.locator(link).first().click();
    release();
    await expect(page).toHaveURL(next);
    await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
    await expect(page.locator('h1')).toBeVisible();
  });
}
