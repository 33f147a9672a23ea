// Who is told of what: a route from its first word to its end, the probe, and one's own preferences.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

test('a route is written, tried, moved and taken away', async ({ page, faults, phone }, info) => {
  test.skip(phone, 'a phone reads routes');
  // The projects run beside each other on one list: who comes second is refused and tries again.
  faults.expect(/fn\/alerts\/(save|move)_route/);
  const type = `routed_${info.project.name}_${info.workerIndex}_${info.retry}`;
  const row = page.locator('tbody tr', { hasText: `Type ${type}` });
  await open(page, '/alerts');
  await page.getByRole('link', { name: 'Routes' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Routes');

  await page.getByRole('link', { name: 'New route' }).click();
  await page.getByLabel('Condition 1').selectOption('alert_type');
  await page.getByLabel('is one of').first().fill(type);
  await page.getByLabel('People').first().fill('nobody@nowhere.example');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Nobody here has the address').first()).toBeVisible();
  await expect(page.getByLabel('is one of').first()).toHaveValue(type);
  await axeClean(page);
  await noSidewaysScroll(page);

  await expect(async () => {
    await open(page, '/alerts/routes?edit=new');
    await page.getByLabel('Condition 1').selectOption('alert_type');
    await page.getByLabel('is one of').first().fill(type);
    await page.getByLabel('Role planner').first().check();
    await page.getByText('Step 1', { exact: true }).click();
    await page.getByLabel('After, s').first().fill('900');
    await page.getByRole('group', { name: /^Step 1/ }).getByLabel('Role admin').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(row).toHaveCount(1, { timeout: 2_000 });
  }).toPass();
  await expect(row).toContainText('role planner');
  await expect(row).toContainText('role admin');

  await open(page, `/alerts/routes?alert_type=${type}&feature=alerts&severity=critical`);
  await expect(page.getByRole('status').filter({ hasText: 'By route' })).toBeVisible();
  await expect(page.getByText(/^Step 1, after/).first()).toBeVisible();
  await axeClean(page);

  await expect(async () => {
    await open(page, '/alerts/routes');
    await row.getByRole('button', { name: /^Switch off/ }).click();
    await expect(row.getByText('Off', { exact: true })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(async () => {
    await open(page, '/alerts/routes');
    await row.getByRole('button', { name: /^Delete/ }).click();
    await expect(row).toHaveCount(0, { timeout: 2_000 });
  }).toPass();
});

test('who would be told is asked and read on every screen', async ({ page }) => {
  await open(page, '/alerts/routes');
  await page.getByLabel('Type of the alert').fill('low_stock');
  await page.getByLabel('Feature').selectOption('inventory');
  await page.getByLabel('Severity').selectOption('high');
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.getByRole('status').filter({ hasText: /By route|No route matches/ })).toBeVisible();
  await expect(page.getByLabel('Type of the alert')).toHaveValue('low_stock');
  await noSidewaysScroll(page);
});

test('what one wants to be told is kept', async ({ page }) => {
  await open(page, '/inbox');
  await page.getByRole('link', { name: 'Preferences' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Preferences');
  await page.getByLabel('Imports: from which severity').selectOption('high');
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect(page.getByText('Kept.')).toBeVisible();
  await expect(page.getByLabel('Imports: from which severity')).toHaveValue('high');
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByLabel('Imports: from which severity').selectOption('low');
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect(page.getByText('Kept.')).toBeVisible();
});

test.describe('a viewer', () => {
  test.use({ role: 'viewer' });

  test('has preferences and no routes', async ({ page, faults }) => {
    faults.expect(/403 .*alerts\/routes\)/);
    await open(page, '/alerts/routes', 403);
    await open(page, '/inbox/preferences');
    await expect(page.getByRole('button', { name: 'Keep' })).toBeVisible();
  });
});
