// Plans side by side, proposed by one person and promoted by another.
import type { Page } from '@playwright/test';
import { expect, open, ready, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

/** Solves the sample under a name of its own, which is a network of its own; the label of its run, and the page of its plan. */
async function solved(page: Page, name: string, scenario: string): Promise<{ label: string; plan: string }> {
  const answer = await page.request.get('/api/v1/optimize/model-template');
  const { template } = (await answer.json()) as { template: Record<string, unknown> };
  await open(page, '/planning/solve');
  await page.getByLabel('A document', { exact: true }).check();
  await page.getByLabel('Document, millrace-plan/1 as JSON').fill(JSON.stringify({ ...template, name }));
  await page.getByLabel('Scenario').selectOption(scenario);
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
  const label = await page.getByRole('heading', { level: 1 }).innerText();
  const link = page.getByRole('link', { name: 'Its plan', exact: true });
  await expect(async () => {
    if ((await link.count()) === 0) await page.reload();
    await expect(link).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  const plan = await link.getAttribute('href');
  return { label, plan: plan ?? '' };
}

test('a second person promotes a plan, and it is compared row by row with the next', async ({ page, another, scripted, faults }, info) => {
  test.slow();
  faults.expect(/422 .*fn\/planning\/decide/);
  const name = `Journey ${info.project.name} ${Date.now()}`;
  const base = await solved(page, name, 'base');
  const more = await solved(page, name, 'high_demand');

  await open(page, base.plan);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Plan ${base.label}`);
  await page.getByLabel('Why').fill('the base case');
  await page.getByRole('button', { name: 'Propose', exact: true }).click();
  await ready(page);
  await expect(page.getByText('a second person decides on it')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Approve and promote' })).toHaveCount(0);
  await axeClean(page);
  await noSidewaysScroll(page);

  const second = await another('planner');
  await open(second, '/planning');
  await expect(second.locator('[data-waiting]')).toContainText(base.label);
  await second.locator('[data-waiting]').getByRole('link', { name: base.label }).click();
  await second.getByRole('button', { name: 'Reject' }).click();
  await expect(second.getByRole('alert').first()).toContainText('Say why');
  await second.getByRole('button', { name: 'Approve and promote' }).click();
  await expect(second.locator('[data-history]')).toContainText('Promoted');

  if (!scripted) await page.reload();
  await expect(page.locator('[data-history]')).toContainText('Promoted');
  await expect(page.locator('[data-standing]')).toHaveText('This plan holds.');
  await open(page, '/planning');
  const holding = page.locator(`[data-promoted="${base.label}"]`);
  await expect(holding).toContainText('3,379.00');
  await expect(holding).toContainText('No shortage');

  await open(page, more.plan);
  await page.getByRole('link', { name: 'Compare with the promoted plan' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Compare plans');
  await expect(page.locator('[data-plans]')).toContainText('4,284.12');
  await expect(page.locator('[data-differences]')).toContainText('rows differ');
  await expect(page.getByRole('row', { name: /^total cost \(INR\)/ })).toContainText('905.125');
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByLabel('Rows about').selectOption('shipment');
  await page.locator('[data-differences]').getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/family=shipment/);
  await expect(page.getByRole('heading', { name: 'Row by row' })).toBeVisible();
  await expect(page.getByRole('row', { name: /Production ·/ })).toHaveCount(0);
  const file = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV' }).click();
  expect((await file).suggestedFilename()).toMatch(/^plan-differences-.+\.csv$/);
});

test('what cannot be compared is said, and can be chosen anew', async ({ page, faults }, info) => {
  faults.expect(/422 .*planning\/compare/);
  const name = `Alone ${info.project.name} ${Date.now()}`;
  const { label, plan } = await solved(page, name, 'base');
  await solved(page, name, 'low_demand');
  const id = plan.split('/').pop() ?? '';
  await open(page, `/planning/compare?a=${id}&b=${id}`, 422);
  await expect(page.getByRole('alert')).toContainText('Choose another plan to compare with.');
  await expect(page.getByLabel('Plan a').locator('option:checked')).toContainText(label);
  await axeClean(page);
  await open(page, '/planning/compare?a=rubbish&b=', 422);
  await expect(page.getByRole('alert')).toContainText('Give the id of a plan.');
});

test('a viewer reads plans and can do nothing with them', async ({ another, page, faults }, info) => {
  faults.expect(/404 .*planning\/plans\//);
  const { plan } = await solved(page, `Viewed ${info.project.name} ${Date.now()}`, 'base');
  const viewer = await another('viewer');
  await open(viewer, plan);
  await expect(viewer.locator('[data-standing]')).toHaveText('Nobody has proposed this plan.');
  await expect(viewer.locator('[data-decision]')).toHaveCount(0);
  await open(viewer, '/planning/plans/00000000-0000-7000-8000-000000000000', 404);
});
