// Money back: a refund in parts, and a dispute to its end.
import type { Page } from '@playwright/test';
import { record } from '../harness/sale.ts';
import { expect, open, ready, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

/** Records a sale of three pieces at the catalogue's price; the address of its page. */
async function sold(page: Page): Promise<string> {
  return `/transactions/${(await record(page, { quantity: 3 })).transaction_id}`;
}

const status = (page: Page) => page.locator('dl.details .badge').first();

test('a sale goes back in parts, and what is typed wrong stays beside its fault', async ({ page, faults }) => {
  faults.expect(/fn\/transactions\/refund/);
  const sale = await sold(page);
  await open(page, `${sale}?refund=1`);
  const back = page.getByLabel(/^How much of .+ goes back$/);
  await expect(back).toHaveValue('3');
  await axeClean(page);
  await noSidewaysScroll(page);
  await back.fill('7');
  await page.getByLabel('What happened').fill('A chip in the rim');
  await page.getByRole('button', { name: 'Refund', exact: true }).click();
  await ready(page);
  await expect(page.locator('.field .error', { hasText: /^Only 3 of / })).toBeVisible();
  await expect(back).toHaveValue('7');
  await expect(page.getByLabel('What happened')).toHaveValue('A chip in the rim');

  await back.fill('1');
  await page.getByLabel('Put the goods back into stock').check();
  await page.getByRole('button', { name: 'Refund', exact: true }).click();
  await ready(page);
  await expect(status(page)).toHaveText('Partly refunded');
  await expect(page.locator('.timeline')).toContainText('A chip in the rim');

  await open(page, `${sale}?refund=1`);
  await expect(back).toHaveValue('2');
  await page.getByRole('button', { name: 'Refund', exact: true }).click();
  await ready(page);
  await expect(status(page)).toHaveText('Refunded');
  await expect(back).toHaveCount(0);
});

test('a dispute that is lost charges the sale back', async ({ page }) => {
  await open(page, await sold(page));
  await page.getByText('The payment is disputed').click();
  await page.getByLabel('What the customer says').selectOption('quality');
  await page.getByRole('button', { name: 'Open a dispute' }).click();
  await ready(page);
  await expect(status(page)).toHaveText('Disputed');
  await expect(page.getByRole('heading', { name: 'Open dispute' })).toBeVisible();
  await axeClean(page);
  await page.getByRole('button', { name: 'Lost', exact: true }).click();
  await ready(page);
  await expect(status(page)).toHaveText('Refunded');
  await expect(page.locator('main')).toContainText('Chargeback');
});

test('a viewer reads refunds and cannot make any', async ({ page, another, scripted }) => {
  test.skip(!scripted, 'the second browser has its script');
  const sale = await sold(page);
  const viewer = await another('viewer');
  await open(viewer, `${sale}?refund=1`);
  await expect(viewer.getByRole('heading', { level: 1 })).toHaveText(/^Transaction #\d+$/);
  await expect(viewer.getByText('Refund', { exact: true })).toHaveCount(0);
});
