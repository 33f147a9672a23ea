// What a plan leads to: an input checked first, a limit let go, a figure forced.
import type { Page } from '@playwright/test';
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

type Document = { options: Record<string, unknown>; demand: { tonnes: number }[] };

async function sample(page: Page): Promise<Document> {
  const answer = await page.request.get('/api/v1/optimize/model-template');
  const { template } = (await answer.json()) as { template: Document };
  return template;
}

/** One and a half times the demand, all of it to be served: no plan keeps all limits. */
async function torn(page: Page): Promise<string> {
  const document = await sample(page);
  document.options['shortage_mode'] = 'hard';
  for (const row of document.demand) row.tonnes *= 1.5;
  return JSON.stringify(document);
}

async function fill(page: Page, document: string): Promise<void> {
  await open(page, '/planning/solve');
  await page.getByLabel('A document', { exact: true }).check();
  await page.getByLabel('Document, millrace-plan/1 as JSON').fill(document);
}

/** Waits for the end of the run whose page is open. */
async function over(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^OPT-\d{6}$/);
  await expect(async () => {
    if ((await page.locator('[data-result]').count()) === 0) await page.reload();
    await expect(page.locator('[data-result]')).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
}

test('an input is checked before it is solved, and the form goes on with it', async ({ page }) => {
  const document = await sample(page);
  await fill(page, JSON.stringify(document));
  await page.getByLabel('Scenario').selectOption('high_demand');
  await page.getByRole('button', { name: 'Check only' }).click();
  const check = page.locator('[data-check]');
  await expect(check).toContainText('scenario high_demand');
  await expect(check).toContainText('318.75 t');
  await expect(page.getByRole('heading', { name: 'How much can be served at most' })).toBeVisible();
  await expect(page.getByLabel('Document, millrace-plan/1 as JSON')).toHaveValue(/millrace-plan/);
  await expect(page.getByLabel('Scenario')).toHaveValue('high_demand');
  await axeClean(page);
  await noSidewaysScroll(page);
  await fill(page, JSON.stringify({ ...document, nodes: [] }));
  await page.getByRole('button', { name: 'Check only' }).click();
  await expect(check).toContainText('FAIL');
  await expect(check.locator('[data-finding]').first()).toContainText('E04');
});

test('a way out becomes a scenario with all of it let go, and that is solved', async ({ page }) => {
  test.slow();
  await fill(page, await torn(page));
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await over(page);
  const way = page.locator('[data-way-out]');
  await expect(way.getByRole('button', { name: /^Scenario with just this/ }).first()).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);
  await way.getByRole('button', { name: 'Scenario with all of it let go' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Way out of OPT-/);
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await over(page);
  await expect(page.locator('[data-result]')).toContainText('4,826.00');
});

test('a figure of a plan is forced, and its cost is told by component', async ({ page, faults }) => {
  test.slow();
  faults.expect(/422 .*fn\/planning\/force/);
  await fill(page, JSON.stringify(await sample(page)));
  await page.getByRole('button', { name: 'Check and solve' }).click();
  await over(page);
  await page.getByRole('link', { name: /^Force another figure: A L1 in 1/ }).click();
  const form = page.locator('[data-force]');
  await expect(form).toContainText('A L1 P in 1');
  await form.getByLabel('Tonnes instead').fill('much');
  await form.getByRole('button', { name: 'Solve with it' }).click();
  await expect(form.locator('#tonnes-error')).toContainText('Give tonnes');
  await axeClean(page);
  await form.getByLabel('Tonnes instead').fill('55');
  await form.getByRole('button', { name: 'Solve with it' }).click();
  await over(page);
  await expect(page.locator('[data-forced]')).toContainText('In all');
  await noSidewaysScroll(page);
  await page.getByRole('link', { name: 'Compare the two row by row' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Compare plans');
});
