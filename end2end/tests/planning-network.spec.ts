// A network: begun with the sample, edited row by row, told what is wrong, frozen and solved.
import type { Page } from '@playwright/test';
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

/** A code that no other journey of this run has. */
function code(of: string): string {
  return `${of}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
}

/** Makes a network of the sample; its page is open then. */
async function begun(page: Page, of: string): Promise<void> {
  await open(page, '/planning/network');
  const another = page.getByText('Another network', { exact: true });
  if (await another.isVisible()) await another.click();
  const form = page.locator('#begin');
  await form.getByLabel('Code').fill(of);
  await form.getByRole('button', { name: 'Make the network' }).click();
  await expect(page.locator('[data-network] h2')).toContainText(of);
}

test('a network is begun with the sample, changed, frozen and solved', async ({ page }) => {
  const mine = code('mill');
  await begun(page, mine);
  const about = page.locator('[data-network]');
  await expect(about).toContainText('PASS');
  await expect(about).toContainText('Not frozen yet');
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Lanes/ }).click();
  const rows = page.locator('[data-rows]');
  await expect(rows.getByRole('row')).toHaveCount(7);
  await rows.getByRole('link', { name: 'Edit A/X/road', exact: true }).click();
  const editor = page.locator('[data-editor]');
  await expect(editor.getByLabel('cost per tonne', { exact: true })).toHaveValue('3');
  await editor.getByLabel('cost per tonne', { exact: true }).fill('4');
  await editor.getByRole('button', { name: 'Keep the row' }).click();
  await expect(rows.getByRole('row', { name: /A X road 4/ })).toBeVisible();
  await axeClean(page);
  await about.getByRole('button', { name: 'Freeze the input' }).click();
  await expect(about).toContainText('as it stands');
  await about.getByRole('link', { name: 'Solve it' }).click();
  await expect(page.getByLabel('Network', { exact: true })).toHaveValue(mine);
  await expect(page.getByRole('radio', { name: /A network, as it was frozen last/ })).toBeChecked();
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/OPT-\d{6}/);
});

test('what is wrong with a row is said beside its field, and what was typed stays', async ({ page, faults }) => {
  faults.expect(/fn\/planning\/(save_row|remove_row)/);
  const mine = code('wrong');
  await begun(page, mine);
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Stock/ }).click();
  const rows = page.locator('[data-rows]');
  await expect(rows.getByRole('heading', { level: 2 })).toHaveText('Stock');
  await rows.getByText('Add a row', { exact: true }).click();
  const editor = page.locator('[data-editor]');
  await editor.getByLabel('node *', { exact: true }).fill('Q');
  await editor.getByLabel('opening tonnes', { exact: true }).fill('-1');
  await editor.getByRole('button', { name: 'Add the row' }).click();
  await expect(editor.locator('#row-opening_tonnes-error')).toContainText('below 0');
  await expect(editor.getByLabel('node *', { exact: true })).toHaveValue('Q');
  await editor.getByLabel('opening tonnes', { exact: true }).fill('1');
  await editor.getByRole('button', { name: 'Add the row' }).click();
  await expect(editor.locator('#row-node-error')).toContainText('no node Q');
  await axeClean(page);
  // What others need stays.
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Nodes/ }).click();
  await expect(rows.getByRole('heading', { level: 2 })).toHaveText('Nodes');
  await rows.getByRole('button', { name: 'Remove A', exact: true }).click();
  await expect(rows.getByRole('alert')).toContainText('Rows refer to A');
  await expect(rows.getByRole('row')).toHaveCount(5);
});

test('a file is shown before it is kept', async ({ page }) => {
  const mine = code('file');
  await begun(page, mine);
  // The sample as a workbook changes nothing.
  const sample = await page.request.get('/api/v1/optimize/model-template?format=xlsx');
  const bring = page.locator('#bring');
  await bring.getByLabel('Workbook or zip of CSV files').setInputFiles({
    name: 'sample.xlsx',
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    buffer: await sample.body(),
  });
  await bring.getByRole('button', { name: 'Check the file' }).click();
  await expect(page.locator('[data-import]')).toContainText('Nothing would change');
  await axeClean(page);
  // Then a row of the network goes, and the file brings it back.
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Lanes/ }).click();
  const rows = page.locator('[data-rows]');
  await rows.getByRole('button', { name: 'Remove A/X/rail' }).click();
  await expect(rows.getByRole('row')).toHaveCount(6);
  await bring.getByLabel('Workbook or zip of CSV files').setInputFiles({
    name: 'sample.xlsx',
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    buffer: await sample.body(),
  });
  await bring.getByRole('button', { name: 'Check the file' }).click();
  const shown = page.locator('[data-import]');
  await expect(shown.getByRole('row', { name: /Lanes 1 0 5 0/ })).toBeVisible();
  await shown.getByRole('button', { name: 'Keep these changes' }).click();
  await expect(page.locator('[data-import]')).toContainText('Kept');
  await expect(page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Lanes 6' })).toBeVisible();
  await noSidewaysScroll(page);
});

test('a file that is no workbook is refused, and the network stays', async ({ page, faults }) => {
  faults.expect(/planning\/network/);
  const mine = code('broken');
  await begun(page, mine);
  const bring = page.locator('#bring');
  await bring.getByLabel('Workbook or zip of CSV files').setInputFiles({ name: 'x.xlsx', mimeType: 'application/zip', buffer: Buffer.from('PK nothing') });
  await bring.getByRole('button', { name: 'Check the file' }).click();
  await expect(bring.getByRole('alert')).toBeVisible();
  await expect(page.locator('[data-network] h2')).toContainText(mine);
});

test('the map shows what a plan moves, with the same in a table', async ({ page }) => {
  // A plan with places: the network of the demo world would take a minute, the sample with coordinates a second.
  const template = await page.request.get('/api/v1/optimize/model-template');
  const document = (await template.json()).template;
  const places = [[24.58, 80.83], [22.19, 84.58], [25.59, 85.14], [26.45, 80.33]];
  document.nodes.forEach((node: Record<string, unknown>, n: number) => {
    [node['latitude'], node['longitude']] = places[n] ?? [20, 78];
  });
  document.name = 'On the map';
  await open(page, '/planning/solve');
  await page.getByRole('radio', { name: 'A document' }).check();
  await page.getByLabel('Document, millrace-plan/1 as JSON').fill(JSON.stringify(document));
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/OPT-\d{6}/);
  const label = ((await page.getByRole('heading', { level: 1 }).textContent()) ?? '').match(/OPT-\d{6}/)?.[0] ?? '';
  await expect(async () => {
    await open(page, '/planning/map');
    await expect(page.getByLabel('Plan', { exact: true }).getByRole('option', { name: new RegExp(label) })).toHaveCount(1, { timeout: 1_000 });
  }).toPass({ timeout: 90_000 });
  const chosen = await page.getByLabel('Plan', { exact: true }).getByRole('option', { name: new RegExp(label) }).getAttribute('value');
  await page.getByLabel('Plan', { exact: true }).selectOption(chosen ?? '');
  await page.getByRole('button', { name: 'Show' }).click();
  const map = page.locator('[data-map]');
  await expect(map).toContainText(label);
  await expect(map.locator('path.flow')).toHaveCount(4);
  await expect(page.getByRole('row', { name: /A to X rail 125 3/ })).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByLabel(/^Period/).fill('2');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByText('Period: period 2')).toBeVisible();
  await expect(page.getByRole('row', { name: /A to X rail 75 2/ })).toBeVisible();
});
