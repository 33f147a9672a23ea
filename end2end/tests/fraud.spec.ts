// A suspicious sale, from its recording to the verdict.
import { record } from '../harness/sale.ts';
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

test('a sale priced far from the catalogue goes through and waits for a verdict', async ({ page, scripted, faults }) => {
  // A verdict without a reason is refused.
  faults.expect(/fn\/fraud\/decide/);
  const sale = await record(page, { times: 3 });
  expect(sale.fraud_outcome).toBe('review');
  expect(sale.hits.map((hit: { code: string }) => hit.code)).toContain('price_mismatch');

  await open(page, `/transactions/${sale.transaction_id}`);
  await expect(page.getByText('Approved, to be reviewed')).toBeVisible();
  await page.getByRole('link', { name: 'Open the case' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Case of sale #${sale.number}`);
  await expect(page.getByText('A price differs from the catalogue by more than 20 %')).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);

  await page.getByLabel('Note').fill('Asked the seller about the price.');
  await page.getByRole('button', { name: 'Write it down' }).click();
  await expect(page.locator('.timeline')).toContainText('Asked the seller about the price.');
  await expect(page.getByRole('button', { name: 'Give it back' })).toBeVisible();

  await page.getByLabel('Why somebody else should look').fill('The seller must be asked again.');
  await page.getByRole('button', { name: 'Escalate' }).click();
  await expect(page.locator('.timeline')).toContainText('The seller must be asked again.');

  await page.getByLabel('Legitimate').check();
  await page.getByLabel('Why', { exact: true }).fill('abc');
  await page.getByRole('button', { name: 'Decide' }).click();
  await expect(page.getByRole('alert').first()).toContainText('5 to 2000 characters');
  await page.getByLabel('Legitimate').check();
  await page.getByLabel('Why', { exact: true }).fill('The seller gave a custom engraving.');
  await page.getByRole('button', { name: 'Decide' }).click();
  await expect(page.getByText('Verdict', { exact: true })).toBeVisible();
  await expect(page.locator('dl')).toContainText('custom engraving');
  if (scripted) await expect(page.getByRole('button', { name: 'Decide' })).toHaveCount(0);

  await open(page, '/fraud?state=closed');
  await expect(page.getByRole('link', { name: `Sale #${sale.number}` })).toBeVisible();
});

test('a viewer reads cases and cannot decide them', async ({ another, scripted }) => {
  test.skip(!scripted, 'the second browser has its script');
  const viewer = await another('viewer');
  await open(viewer, '/fraud');
  await expect(viewer.getByRole('heading', { level: 1 })).toHaveText('Fraud review');
  await expect(viewer.getByRole('button', { name: 'Next case' })).toHaveCount(0);
});

test('suspicious sales are found in the list, and a sale is flagged by a person', async ({ page }) => {
  await open(page, '/transactions?suspicious=true');
  await expect(page.locator('tbody tr').first()).toContainText('Suspicious');
  await open(page, '/transactions?status=approved&suspicious=false');
  await page.locator('tbody a.row-link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Transaction #\d+$/);
  await page.getByText('Something is wrong with this sale').click();
  await page.getByLabel('What is suspicious').fill('The address is odd.');
  await page.getByRole('button', { name: 'Open a case' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Case of sale #\d+$/);
});
