// A plan as a workbook: from the sample's file to its plan and back into files, and a file with nothing in it refused by cell.
import { Buffer } from 'node:buffer';
import type { Page } from '@playwright/test';
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

async function fetched(page: Page, path: string): Promise<Buffer> {
  const answer = await page.request.get(path);
  expect(answer.status(), path).toBe(200);
  return answer.body();
}

async function choose(page: Page, buffer: Buffer): Promise<void> {
  await open(page, '/planning/solve');
  await page.getByLabel('A file', { exact: true }).check();
  await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'plan.xlsx', mimeType: XLSX, buffer });
  await page.getByRole('button', { name: 'Check and solve' }).click();
}

test('the sample as a workbook is solved, and its results come as files that can be solved again', async ({ page, scripted }) => {
  await choose(page, await fetched(page, '/api/v1/optimize/model-template?format=xlsx'));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
  const result = page.locator('[data-result]');
  // Without script a page is what it was when it came.
  await expect(async () => {
    if (!scripted && (await result.count()) === 0) await page.reload();
    await expect(result).toContainText('3,379.00', { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  const files = page.locator('[data-files]');
  for (const name of ['Workbook', 'CSV (zip)', 'JSON', 'Model as LP', 'Model as MPS']) {
    await expect(files.getByRole('link', { name })).toBeVisible();
  }
  await axeClean(page);
  await noSidewaysScroll(page);
  const label = await page.getByRole('heading', { level: 1 }).innerText();
  const download = page.waitForEvent('download');
  await files.getByRole('link', { name: 'Workbook' }).click();
  expect((await download).suggestedFilename()).toBe(`${label}.xlsx`);
  const address = await files.getByRole('link', { name: 'Workbook' }).getAttribute('href');
  const again = await page.request.post('/api/v1/optimize/validate-input', {
    headers: { 'content-type': XLSX, 'sec-fetch-site': 'same-origin' },
    data: await fetched(page, address ?? ''),
  });
  expect((await again.json()).overall).toBe('PASS');
});

test('a workbook with nothing filled in is refused with sheet and cell, and what was typed stays', async ({ page, faults }) => {
  faults.expect(/422 .*planning\/solve\)/);
  const empty = await fetched(page, '/api/v1/optimize/model-template?format=xlsx&empty=true');
  await open(page, '/planning/solve');
  await page.getByLabel('A file', { exact: true }).check();
  await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'plan.xlsx', mimeType: XLSX, buffer: empty });
  await page.getByLabel('Time limit, seconds').fill('30');
  await page.getByRole('button', { name: 'Check and solve' }).click();
  const said = page.getByRole('alert').first();
  await expect(said.locator('code', { hasText: /^Periods!A1$/ })).toBeVisible();
  await expect(said).toContainText('E17');
  await expect(page.getByLabel('A file', { exact: true })).toBeChecked();
  await expect(page.getByLabel('Time limit, seconds')).toHaveValue('30');
  await axeClean(page);
  await noSidewaysScroll(page);
});
