// The frame around every page: navigation, theme, keyboard, search.
import { expect, open, test } from '../harness/test.ts';

test('the keyboard reaches the content at once and shows where it is', async ({ page }) => {
  await open(page, '/');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
  await page.keyboard.press('Tab');
  const mark = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement!);
    return { box: style.boxShadow, line: style.outlineStyle, inside: document.querySelector('#content')!.contains(document.activeElement) };
  });
  expect(mark.inside).toBe(true);
  expect(mark.box !== 'none' || mark.line !== 'none', 'focus is visible').toBe(true);
});

test('the theme switch works at once and the next first HTML has it', async ({ page, scripted, phone }) => {
  test.skip(!scripted || phone, 'the switch needs script and room; without it the system’s theme holds');
  await open(page, '/');
  const html = page.locator('html');
  const button = page.getByRole('button', { name: /^Theme/ });
  await button.click();
  await expect(html).toHaveAttribute('data-theme', 'light');
  await button.click();
  await expect(html).toHaveAttribute('data-theme', 'dark');
  const first = await (await page.request.get('/')).text();
  expect(first).toContain('data-theme="dark"');
});

test('an address that leads nowhere says so', async ({ page, faults }) => {
  faults.expect(/status of 404/);
  await open(page, '/no/such/page', 404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found');
});

test('the command palette finds a page and goes there', async ({ page, scripted, phone }) => {
  test.skip(!scripted || phone, 'a keyboard and script; without them the search page does it');
  await open(page, '/');
  await page.keyboard.press('Control+k');
  const box = page.getByRole('dialog').getByRole('combobox');
  await expect(box).toBeFocused();
  await box.fill('transac');
  await expect(page.getByRole('dialog').getByRole('option').first()).toContainText('Transactions');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/transactions$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Transactions');
});

test('the search page finds the same without the palette', async ({ page }) => {
  await open(page, '/search');
  await page.locator('#search-q').fill('transac');
  await page.locator('main').getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL(/q=transac/);
  await expect(page.locator('main').getByRole('link', { name: 'Transactions', exact: true })).toBeVisible();
});

test.describe('a viewer', () => {
  test.use({ role: 'viewer' });

  test('sees no way to change anything and is refused where it would be', async ({ page, faults }) => {
    faults.expect(/status of 403/);
    await open(page, '/transactions');
    await expect(page.getByRole('link', { name: 'New transaction' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: /Upload|Import/ })).toHaveCount(0);
    await open(page, '/settings/users', 403);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('No access');
    await open(page, '/transactions/new', 403);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('No access');
  });
});
