// The list of sales: filter, order, paging and export of exactly what the filter says.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, open, ready, test } from '../harness/test.ts';
import { amounts, dayAgo, total } from '../harness/list.ts';

/** Days that no journey changes while this one reads them. */
const PAST = `from=${dayAgo(40)}&to=${dayAgo(4)}`;

const links = (page: Page) => page.locator('main tbody tr .row-link').evaluateAll((all) => all.map((a) => a.getAttribute('href')));

async function openFilters(page: Page): Promise<void> {
  const summary = page.locator('form.filters details.filter-sheet > summary');
  // On a wide page the sheet lies open and its handle is not there.
  if ((await summary.isVisible()) && !(await page.getByLabel('From day').isVisible())) await summary.click();
}

test('a filter narrows the list, stays in the address, and can be cleared', async ({ page }) => {
  await open(page, '/transactions');
  const all = await total(page);
  await openFilters(page);
  await page.getByLabel('From day').fill(dayAgo(10));
  await page.getByLabel('To day').fill(dayAgo(4));
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(new RegExp(`from=${dayAgo(10)}`));
  await expect.poll(() => total(page)).toBeLessThan(all);
  const narrowed = await total(page);
  expect(narrowed).toBeGreaterThan(0);
  const days = await page.locator('main tbody time').evaluateAll((all) => all.map((t) => t.getAttribute('datetime')?.slice(0, 10)));
  for (const day of days) {
    expect(day! >= dayAgo(10) && day! <= dayAgo(4), day).toBe(true);
  }
  // The address alone says it all.
  await page.reload();
  await ready(page);
  expect(await total(page)).toBe(narrowed);
  await openFilters(page);
  await expect(page.getByLabel('From day')).toHaveValue(dayAgo(10));
  await page.getByRole('link', { name: 'Clear', exact: true }).click();
  await expect(page).toHaveURL(/\/transactions$/);
  await expect.poll(() => total(page)).toBeGreaterThanOrEqual(all);
});

test('a heading sorts, and turns the order round when pressed again', async ({ page }) => {
  await open(page, `/transactions?${PAST}`);
  const heading = page.locator('main thead').getByRole('link', { name: 'Total', includeHidden: true });
  const sorted = page.locator('main thead th[aria-sort]', { hasText: 'Total' });
  // Two lines a sale on the phone leave no room for the headings; the address sorts there as well.
  const press = async (order: string) => {
    if (await heading.isVisible()) await heading.click();
    else await open(page, (await heading.getAttribute('href'))!);
    await expect(sorted).toHaveAttribute('aria-sort', order);
  };
  await press('descending');
  const down = await amounts(page);
  expect(down.length).toBeGreaterThan(5);
  expect(down).toEqual([...down].sort((a, b) => b - a));
  await press('ascending');
  const up = await amounts(page);
  expect(up).toEqual([...up].sort((a, b) => a - b));
  expect(up[0]).toBeLessThan(down[0]!);
});

test('pages follow each other without a gap or a double, forward and back', async ({ page }) => {
  await open(page, `/transactions?${PAST}`);
  const whole = await total(page);
  const first = await links(page);
  expect(first.length).toBeLessThan(whole);
  const pages = [first];
  const count = Math.min(3, Math.ceil(whole / first.length));
  for (let n = 2; n <= count; n += 1) {
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect.poll(async () => (await links(page))[0]).not.toBe(pages.at(-1)![0]);
    expect(await total(page)).toBe(whole);
    pages.push(await links(page));
  }
  const seen = pages.flat();
  expect(new Set(seen).size).toBe(seen.length);
  await page.goBack();
  await expect.poll(() => links(page)).toEqual(pages.at(-2));
  if (pages.length > 2) {
    await page.getByRole('link', { name: 'First page' }).click();
    await expect.poll(() => links(page)).toEqual(first);
  }
});

test('an export holds the rows of the filter, all of them', async ({ page }) => {
  await open(page, `/transactions?${PAST}`);
  const whole = await total(page);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/\.csv$/);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text.startsWith('\u{feff}'), 'byte-order mark').toBe(true);
  const lines = text.split('\r\n').filter((line) => line !== '');
  expect(lines.length - 1).toBe(whole);

  const sheet = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export XLSX' }).click();
  const bytes = readFileSync(await (await sheet).path());
  expect(bytes.subarray(0, 2).toString()).toBe('PK');
});

test('a row leads to its sale, whose sums agree with its lines', async ({ page }) => {
  await open(page, `/transactions?${PAST}`);
  const row = page.locator('main tbody tr').first();
  const number = (await row.locator('.row-link').innerText()).split(' ')[0]!;
  const amount = (await amounts(page))[0]!;
  await row.locator('.row-link').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Transaction ${number}`);
  await expect(page.locator('dl.details dt', { hasText: /^Total$/ }).locator('xpath=../dd')).toContainText(amount.toFixed(2).slice(-2));
});

test('an address that no sale has says so', async ({ page, faults }) => {
  faults.expect(/status of 404/);
  await open(page, '/transactions/01970000-0000-7000-8000-000000000000', 404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Transaction not found');
});
