// What sold, of what and of which kind: choices live in the address, numbers open their rows.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

test('the page tells what sold, and its tables what the API tells', async ({ page, scripted }) => {
  await open(page, '/analytics?period=30d');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Analytics');
  const products = page.locator('[data-products]');
  await products.getByText('Show as table').click();
  const names = products.locator('tbody tr a');
  await expect(names).toHaveCount(10);
  const told = await (await page.request.get('/api/v1/analytics/top-products?days=30')).json();
  expect(told.metadata.count).toBe(10);
  expect(told.metadata.zone).toBeTruthy();
  await expect(names.first()).toHaveText(told.data[0].name);

  // Gross is another address of the same page.
  await page.getByRole('link', { name: 'Gross', exact: true }).click();
  await expect(page).toHaveURL(/period=30d&basis=gross/);
  await expect(page.locator('[data-products] .legend')).toContainText('Gross revenue');
  await axeClean(page);
  await noSidewaysScroll(page);
  if (scripted) await expect(page.locator('[data-products] canvas, [data-products] svg').first()).toBeVisible();
});

test('a category narrows the products, and the way back is there', async ({ page }) => {
  await open(page, '/analytics?period=30d');
  const categories = page.locator('[data-categories]');
  await categories.getByText('Show as table').click();
  const category = categories.locator('tbody a').first();
  const name = await category.textContent();
  await category.click();
  await expect(page).toHaveURL(/category=[0-9a-f-]{36}/);
  const back = page.getByRole('link', { name: 'Show all categories' });
  await expect(back).toContainText(name ?? '');
  const id = new URL(page.url()).searchParams.get('category');
  const told = await (await page.request.get(`/api/v1/analytics/top-products?days=30&category=${id}`)).json();
  await page.locator('[data-products]').getByText('Show as table').click();
  await expect(page.locator('[data-products] tbody tr')).toHaveCount(told.data.length);
  await back.click();
  await expect(page).not.toHaveURL(/category=/);
});

test('the report of a day is built once and stands', async ({ page }) => {
  const day = new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10);
  await open(page, `/reports/daily/${day}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Report of');
  // There already when the night's work or another run of this journey built it.
  const build = page.getByRole('button', { name: /^(Build it|Rebuild)$/ });
  await build.click();
  await expect(page.locator('[data-figures] tbody')).toContainText('New customers');
  await expect(page.locator('[data-revisions] li').first()).toContainText('Revision');
  await expect(page.getByRole('button', { name: 'Rebuild' })).toBeVisible();
  const file = await page.request.get(`/api/v1/reports/daily/${day}/file?format=csv`);
  expect(file.status()).toBe(200);
  expect(await file.text()).toContain('revenue');
  const paper = page.getByRole('link', { name: 'PDF', exact: true });
  const printed = await page.request.get((await paper.getAttribute('href')) ?? '');
  expect(printed.headers()['content-type']).toBe('application/pdf');
  expect((await printed.body()).subarray(0, 5).toString()).toBe('%PDF-');
  await axeClean(page);
  await noSidewaysScroll(page);
});

test('the report of a day comes by mail to who asks for it, and stops', async ({ page }) => {
  const day = new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10);
  const told = async () => (await (await page.request.get('/api/v1/reports/subscription')).json()).subscribed;
  await open(page, `/reports/daily/${day}`);
  const card = page.locator('[data-by-mail]');
  const stop = card.getByRole('button', { name: 'Stop' });
  const ask = card.getByRole('button', { name: 'Mail me the report each night' });
  // Another run of this journey may have left it on.
  if (await stop.isVisible()) await stop.click();
  await ask.click();
  await expect(stop).toBeVisible();
  expect(await told()).toBe(true);
  await stop.click();
  await expect(ask).toBeVisible();
  expect(await told()).toBe(false);
});
