// Recording a sale at the counter.
import type { Page } from '@playwright/test';
import { expect, open, ready, test } from '../harness/test.ts';
import { number } from '../harness/list.ts';

/** Puts the first product of which something is left into the sale; its name and what is left of it. */
async function addProduct(page: Page, scripted: boolean): Promise<{ name: string; left: number }> {
  await open(page, '/transactions/new');
  const offered = page.locator('section', { has: page.getByRole('heading', { name: 'Products' }) }).locator('tbody tr');
  const rows = await offered.filter({ hasText: / left/ }).all();
  for (const row of rows) {
    const words = await row.innerText();
    const left = number(/·\s*([0-9.,]+) left/.exec(words)![1]!);
    if (left < 5) continue;
    const add = row.getByRole('button', { name: /^Add / });
    const name = (await add.getAttribute('aria-label'))!.slice('Add '.length);
    await add.click();
    await expect(page.getByLabel(`Quantity of ${name}`)).toBeVisible();
    if (!scripted) await ready(page);
    return { name, left };
  }
  throw new Error('nothing is in stock');
}

test('a sale is recorded and takes its stock', async ({ page, scripted }) => {
  const { name, left } = await addProduct(page, scripted);
  await page.getByLabel(`Quantity of ${name}`).fill('2');
  await page.getByLabel('Paid by').selectOption({ index: 1 });
  await page.getByRole('button', { name: 'Record sale' }).click();
  await expect(page).toHaveURL(/\/transactions\/[0-9a-f-]{36}$/);
  await ready(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Transaction #\d+$/);
  const line = page.locator('main tbody tr', { hasText: name }).first();
  await expect(line.locator('td').nth(2)).toHaveText('2');

  // Other journeys may sell the same product meanwhile, so at least two are gone.
  await open(page, `/transactions/new?find=${encodeURIComponent(name)}`);
  const words = await page.locator('tbody tr', { has: page.getByRole('button', { name: `Add ${name}`, exact: true }) }).first().innerText();
  expect(number(/·\s*([0-9.,]+) left/.exec(words)![1]!)).toBeLessThanOrEqual(left - 2);
});

test('a sale beyond the stock is refused and keeps what was typed', async ({ page, scripted }) => {
  const { name, left } = await addProduct(page, scripted);
  const wanted = String(left + 1);
  await page.getByLabel(`Quantity of ${name}`).fill(wanted);
  await page.getByLabel('Paid by').selectOption({ index: 1 });
  const paid = await page.getByLabel('Paid by').inputValue();
  await page.getByLabel('Shipping').fill('3.50');
  await page.getByRole('button', { name: 'Record sale' }).click();
  await expect(page.locator('.field .error', { hasText: /left/i }).first()).toBeVisible();
  await expect(page).toHaveURL(/\/transactions\/new/);
  await expect(page.getByLabel(`Quantity of ${name}`)).toHaveValue(wanted);
  await expect(page.getByLabel('Paid by')).toHaveValue(paid);
  await expect(page.getByLabel('Shipping')).toHaveValue('3.50');
});

test('all faults of a sale are said at once', async ({ page, scripted }) => {
  const { name } = await addProduct(page, scripted);
  await page.getByLabel(`Quantity of ${name}`).fill('5000');
  await page.getByRole('button', { name: 'Record sale' }).click();
  await expect(page.getByText('Give a quantity from 1 to 1,000.').first()).toBeVisible();
  await expect(page.getByText('Choose how the sale was paid.').first()).toBeVisible();
});
