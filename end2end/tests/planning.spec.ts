// A plan: from the sample to its proven cost, and from a faulty document to what is wrong with it.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

test('the sample is solved to its optimum while one looks on', async ({ page }) => {
  await open(page, '/planning/solve');
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
  const result = page.locator('[data-result]');
  // Without script a page is what it was when it came.
  await expect(async () => {
    if ((await result.count()) === 0) await page.reload();
    await expect(result).toContainText('3,379.00', { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await expect(result).toContainText('No cheaper plan exists.');
  await expect(result).toContainText('Checked');
  await expect(page.locator('.head').getByText('Optimal', { exact: true })).toBeVisible();
  await expect(page.locator('[data-standing]')).toContainText('3,379.00');
  await expect(page.getByRole('heading', { name: 'Shipments' })).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);
  const label = await page.getByRole('heading', { level: 1 }).innerText();
  await open(page, '/planning/runs?status=completed');
  await expect(page.locator('tr', { hasText: label })).toContainText('Optimal');
  await page.getByRole('link', { name: label }).click();
  await page.getByRole('button', { name: 'Solve again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText(label);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(label);
  await page.getByRole('button', { name: 'Remove this run' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Solver runs');
  await expect(page.getByRole('link', { name: label })).toHaveCount(0);
});

test('a faulty document is refused with every fault, and what was typed stays', async ({ page, faults }) => {
  faults.expect(/422 .*planning\/solve\)/);
  await open(page, '/planning/solve');
  await page.getByLabel('A document', { exact: true }).check();
  await page.getByLabel('Document, millrace-plan/1 as JSON').fill('{"format": "millrace-plan/1", "lanse": []}');
  await page.getByRole('button', { name: 'Check and solve' }).click();
  const said = page.getByRole('alert').first();
  await expect(said).toContainText('lanes');
  await expect(said).toContainText('E02');
  await expect(page.getByLabel('Document, millrace-plan/1 as JSON')).toHaveValue(/lanse/);
  await axeClean(page);
});

test('a viewer reads runs and cannot begin one', async ({ another }) => {
  const viewer = await another('viewer');
  await open(viewer, '/planning/runs');
  await expect(viewer.getByRole('heading', { level: 1 })).toHaveText('Solver runs');
  await expect(viewer.getByRole('link', { name: 'Solve a plan' })).toHaveCount(0);
});
