// Scenarios: copied, changed, compared with an input, solved one by one and many at once.
import type { Page } from '@playwright/test';
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

/** A code that no other journey of this run has. */
function code(of: string): string {
  return `${of}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
}

/** Copies a built-in scenario; the page of the copy is open then. */
async function copied(page: Page, from: string, to: string): Promise<void> {
  await open(page, `/planning/scenarios?from=${from}`);
  const form = page.locator('#copy');
  await expect(form.getByLabel('With the operations of')).toHaveValue(from);
  await form.getByLabel('Code').fill(to);
  await form.getByLabel('Name', { exact: true }).fill(`Copy ${to}`);
  await form.getByRole('button', { name: 'Copy and open' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Copy ${to}`);
}

/** Without script a page is what it was when it came. */
async function until(page: Page, seen: () => Promise<void>): Promise<void> {
  await expect(async () => {
    try {
      await seen();
    } catch (fault) {
      await page.reload();
      throw fault;
    }
  }).toPass({ timeout: 90_000 });
}

test('a built-in scenario is copied, changed by its usual figures and compared with the sample', async ({ page }) => {
  const mine = code('peak');
  await copied(page, 'high_demand', mine);
  await expect(page.locator('[data-does]')).toContainText('demand.tonnes × 1.25');
  const difference = page.locator('[data-difference]');
  await expect(difference).toContainText('demand: 4 changed, 0 added, 0 removed');
  await expect(difference.getByRole('row', { name: /demand.*X\/P.*1.*tonnes.*60.*75/ })).toBeVisible();
  const editor = page.locator('[data-editor]');
  await editor.getByLabel('Plant that stops').fill('A');
  await editor.getByLabel('In the periods').fill('2');
  await editor.getByRole('button', { name: 'Keep as a new version' }).click();
  await expect(page.locator('[data-does]')).toContainText('A stops in 2');
  await expect(page.getByText(`${mine}, version 2`)).toBeVisible();
  await expect(difference).toContainText('capacity_tonnes');
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByRole('link', { name: 'Version 1' }).click();
  await expect(page.getByText('There is a newer version.')).toBeVisible();
  await expect(page.locator('[data-editor]')).toHaveCount(0);
});

test('operations at fault are told by their paths, and what was typed stays', async ({ page, faults }) => {
  faults.expect(/fn\/planning\/change_scenario/);
  await copied(page, 'base', code('wrong'));
  const editor = page.locator('[data-editor]');
  const ops = editor.getByLabel('Operations, millrace-scenario/1 as a JSON list');
  await ops.fill('[{"op": "scale", "field": "demand.tonnes", "facter": 2}]');
  await editor.getByRole('button', { name: 'Keep as a new version' }).click();
  await expect(editor.locator('#ops-faults')).toContainText('ops[0].facter');
  await expect(ops).toHaveValue(/facter/);
  await axeClean(page);
});

test('draws of a seed are solved and their risk is told', async ({ page }) => {
  await copied(page, 'base', code('wet'));
  const editor = page.locator('[data-editor]');
  await editor
    .getByLabel('Operations, millrace-scenario/1 as a JSON list')
    .fill('[{"op":"random","field":"demand.tonnes","distribution":"normal","mean":1,"sd":0.1,"key":["node","period"]}]');
  await editor.getByRole('button', { name: 'Keep as a new version' }).click();
  await page.getByLabel('Draws', { exact: true }).fill('4');
  await page.getByLabel('Seed of the draws').fill('7');
  await page.getByRole('button', { name: 'Solve the draws' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^BAT-\d{6}$/);
  await until(page, () => expect(page.locator('[data-standing]')).toContainText('4 of 4', { timeout: 2_000 }));
  await until(page, () => expect(page.getByText('Completed', { exact: true }).first()).toBeVisible({ timeout: 2_000 }));
  await expect(page.locator('[data-totals]')).toContainText('Wait and see');
  await expect(page.getByRole('heading', { name: 'Risk' })).toBeVisible();
  await expect(page.locator('[data-runs] tbody tr')).toHaveCount(4);
  await axeClean(page);
  await noSidewaysScroll(page);
});

test('chosen scenarios are solved together and each is a run of its own', async ({ page }) => {
  await open(page, '/planning/scenarios');
  for (const name of ['base', 'low_demand']) await page.getByLabel(name, { exact: true }).check();
  await page.getByRole('button', { name: 'Solve them all' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^BAT-\d{6}$/);
  const runs = page.locator('[data-runs]');
  await until(page, () => expect(runs).toContainText('2,656.00', { timeout: 2_000 }));
  await until(page, () => expect(runs).toContainText('3,379.00', { timeout: 2_000 }));
  await runs.getByRole('link', { name: /^OPT-/ }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
});

test('a viewer reads a scenario and what it changes, and changes nothing', async ({ another }) => {
  const viewer = await another('viewer');
  await open(viewer, '/planning/scenarios/fuel_price_spike');
  await expect(viewer.locator('[data-difference]')).toContainText('lanes');
  await expect(viewer.getByRole('link', { name: 'Copy' })).toHaveCount(0);
  await expect(viewer.getByRole('button', { name: 'Check and solve' })).toHaveCount(0);
});

test('a slider stands beside its figure and writes the operation', async ({ page }) => {
  await copied(page, 'base', code('slid'));
  const editor = page.locator('[data-editor]');
  const figure = editor.getByLabel('Demand ×', { exact: true });
  await editor.getByLabel('Demand × slider, 0 to 2').fill('1.1');
  await editor.getByLabel('Capacity ×', { exact: true }).fill('0.95');
  await editor.getByRole('button', { name: 'Keep as a new version' }).click();
  await expect(page.locator('[data-does]')).toContainText('demand.tonnes × 1.1');
  await expect(page.locator('[data-does]')).toContainText('production.capacity_tonnes × 0.95');
  await expect(figure).toBeVisible();
  await axeClean(page);
});
