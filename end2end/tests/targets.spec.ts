// Targets: set, changed and deleted, with and without script.
import { expect, open, test } from '../harness/test.ts';

/** Every project sets a target from a day of its own: they run beside each other on one database. */
const DAYS: Record<string, string> = { desktop: '2031-01-01', phone: '2032-01-01', noscript: '2033-01-01' };

test('a target is set, changed and deleted', async ({ page }, info) => {
  const day = DAYS[info.project.name] ?? '2034-01-01';
  await open(page, '/overview/kpis');
  await page.getByRole('link', { name: 'Targets' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Targets');

  // A mistake is told at its field, and what was typed stays.
  await page.getByLabel('Figure').selectOption({ label: 'Orders' });
  await page.getByLabel('From').fill(day);
  await page.getByLabel('Target', { exact: true }).fill('12.5');
  await page.getByRole('button', { name: 'Set the target' }).click();
  await expect(page.locator('#value-error')).toHaveText(/Orders are counted whole/);
  await expect(page.getByLabel('From')).toHaveValue(day);

  await page.getByLabel('Target', { exact: true }).fill('12');
  await page.getByRole('button', { name: 'Set the target' }).click();
  await expect(page.getByText('The target is saved.')).toBeVisible();
  const row = page.locator('tbody tr', { hasText: day.slice(0, 4) });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('To come');

  await row.getByRole('link', { name: /^Change/ }).click();
  await expect(page.getByLabel('Target', { exact: true })).toHaveValue('12');
  await page.getByLabel('Target', { exact: true }).fill('15');
  await page.getByRole('button', { name: 'Save the change' }).click();
  await expect(row).toContainText('15');

  await row.getByRole('button', { name: /^Delete/ }).click();
  await expect(page.getByText('The target is deleted.')).toBeVisible();
  await expect(row).toHaveCount(0);
});

test.describe('a viewer', () => {
  test.use({ role: 'viewer' });

  test('sees the targets and cannot change them', async ({ page }) => {
    await open(page, '/overview/targets');
    await expect(page.getByRole('button', { name: 'Set the target' })).toHaveCount(0);
    await expect(page.getByRole('button', { name: /^Delete/ })).toHaveCount(0);
  });
});
