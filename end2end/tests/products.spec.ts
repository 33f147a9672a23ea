// The catalogue: found, added, changed with its price history, refused, removed; with and without script.
import { expect, open, ready, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';
import { total } from '../harness/list.ts';

/** Every project has products of its own: they run beside each other on one database. */
const unique = (project: string): string => `${project}-${Date.now().toString(36)}`.toUpperCase();

test('a product is added, found, priced anew and taken out', async ({ page, faults }, info) => {
  // A refused form answers 409 or 422.
  faults.expect(/fn\/inventory\//);
  const sku = unique(info.project.name);
  await open(page, '/products');
  await page.getByRole('link', { name: 'New product' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New product');
  await ready(page);
  await page.getByLabel('SKU').fill(sku.toLowerCase());
  await page.getByLabel('Name').fill(`Vase ${sku}`);
  await page.getByLabel('Price', { exact: true }).fill('cheap');
  await page.getByRole('button', { name: 'Add the product' }).click();
  await expect(page.locator('#price-error')).toHaveText(/Write an amount/);
  await ready(page);
  await expect(page.getByLabel('Name')).toHaveValue(`Vase ${sku}`);
  await page.getByLabel('Price', { exact: true }).fill('12.50');
  await page.getByLabel('Barcode').fill(sku);
  await page.getByRole('button', { name: 'Add the product' }).click();
  await expect(page).toHaveURL(/\/products\/[0-9a-f-]{36}\?saved$/);
  await ready(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Vase ${sku}`);
  await expect(page.getByText(`SKU ${sku}`)).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);

  await page.getByLabel('Price', { exact: true }).fill('15');
  await page.getByLabel('Barcode').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await ready(page);
  const prices = page.locator('article', { has: page.getByRole('heading', { name: 'Prices' }) }).locator('tbody tr');
  await expect(prices).toHaveCount(2);
  await expect(prices.first()).toContainText('15.00');
  await expect(page.getByLabel('Barcode')).toHaveValue('');

  await open(page, `/products?q=${encodeURIComponent(sku.toLowerCase())}`);
  expect(await total(page)).toBe(1);
  await expect(page.locator('main tbody tr')).toContainText(sku);

  // The same SKU again is told at its field.
  await open(page, '/products/new');
  await page.getByLabel('SKU').fill(sku);
  await page.getByLabel('Name').fill('Another');
  await page.getByLabel('Price', { exact: true }).fill('1');
  await page.getByRole('button', { name: 'Add the product' }).click();
  await expect(page.locator('#sku-error')).toHaveText(/already/);

  await open(page, `/products?q=${encodeURIComponent(sku)}`);
  await page.locator('main tbody a.row-link').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Vase ${sku}`);
  await ready(page);
  await page.getByRole('button', { name: 'Remove from the catalogue' }).click();
  await expect(page).toHaveURL(/\/products\?removed$/);
  await open(page, `/products?q=${encodeURIComponent(sku)}&active=all`);
  await expect(page.getByText('No product matches these filters.')).toBeVisible();
});

test('filters stay in the address and in the export', async ({ page }) => {
  // Another journey adds vases meanwhile.
  await open(page, '/products?kind=stocked&q=backpack');
  const found = await total(page);
  expect(found).toBeGreaterThan(0);
  await page.locator('#f-q').fill('no-such-product');
  await page.locator('#f-q').press('Enter');
  await expect(page).toHaveURL(/q=no-such-product/);
  await expect(page.getByText('No product matches these filters.')).toBeVisible();
  await open(page, '/products?kind=stocked&q=backpack');
  const href = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
  expect(href).toContain('/api/v1/exports/products.csv?q=backpack&kind=stocked');
  const file = await page.request.get(href!);
  expect((await file.text()).trim().split('\r\n').length - 1).toBe(found);
});

test.describe('a viewer', () => {
  test.use({ role: 'viewer' });

  test('reads the catalogue and cannot change it', async ({ page }) => {
    await open(page, '/products');
    await expect(page.getByRole('link', { name: 'New product' })).toHaveCount(0);
    await page.locator('main tbody a.row-link').first().click();
    await expect(page.getByRole('heading', { name: 'Prices' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Save', exact: true })).toHaveCount(0);
  });
});
