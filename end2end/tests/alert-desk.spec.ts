// Who works on what, many alerts at once, and how fast they are seen and ended.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';
import type { Page } from '@playwright/test';

async function report(page: Page, hall: string, about: string, severity = 'high'): Promise<void> {
  await open(page, '/alerts/new');
  await page.getByLabel('Title').fill(`No power in ${about}`);
  await page.getByLabel('Type').fill(`cut_${hall}`);
  await page.getByLabel('Severity').selectOption(severity);
  await page.getByLabel('What is wrong').fill('The grid is down since this morning.');
  await page.getByLabel('About: kind').fill('hall');
  await page.getByLabel('About: which').fill(about);
  await page.getByRole('button', { name: 'Open the alert' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Alert #\d+$/);
}

test('an alert is given to somebody and taken away again', async ({ page, phone }, info) => {
  const mine = `${info.project.name}_${info.workerIndex}_${info.retry}`.replace(/[^a-z0-9_]/g, '');
  await report(page, `a${mine}`, `hall-${mine}`);
  const address = page.url();
  await page.getByLabel('Worked on by').selectOption({ index: 1 });
  const name = await page.getByLabel('Worked on by').locator('option').nth(1).textContent();
  await page.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(page.locator('dl')).toContainText(name ?? '');
  await expect(page.locator('.timeline')).toContainText('Given to');
  await axeClean(page);
  await noSidewaysScroll(page);

  await open(page, `/alerts?assignee=none&alert_type=cut_a${mine}`);
  await expect(page.getByText('No alert here.')).toBeVisible();
  await open(page, `/alerts?alert_type=cut_a${mine}`);
  if (!phone) await expect(page.locator('tbody tr').first()).toContainText(name ?? '');
  await open(page, address);
  await page.getByLabel('Worked on by').selectOption('');
  await page.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(page.locator('.timeline')).toContainText('Nobody');
});

test('many alerts are acknowledged, silenced and ended at once, and the number is said before', async ({ page }, info) => {
  const mine = `${info.project.name}_${info.workerIndex}_${info.retry}`.replace(/[^a-z0-9_]/g, '');
  const type = `cut_b${mine}`;
  for (const hall of ['one', 'two', 'three']) await report(page, `b${mine}`, `${hall}-${mine}`, 'low');
  await open(page, `/alerts?alert_type=${type}`);
  await expect(page.locator('tbody tr')).toHaveCount(3);
  await axeClean(page);
  await noSidewaysScroll(page);

  // The selected one.
  await page.getByLabel(`No power in two-${mine}`).check();
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Many alerts at once');
  await expect(page.locator('main p[role="status"]')).toHaveText('1 alert of those selected will be acknowledged.');
  await page.getByLabel('Note').fill('on my way');
  await page.getByRole('button', { name: 'Acknowledge: 1 alert' }).click();
  await expect(page.locator('main p[role="status"]')).toHaveText('1 alert acknowledged.');
  await axeClean(page);

  // All that match; a reason is wanted, and what was typed stays.
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(3);
  await page.getByRole('button', { name: 'Silence' }).click();
  await expect(page.locator('main p[role="status"]')).toHaveText('3 alerts of all that match the filter will be silenced.');
  await page.getByLabel('For', { exact: true }).selectOption('8');
  await page.getByLabel('Why').fill('The grid is being mended.');
  await page.getByRole('button', { name: 'Silence: 3 alerts' }).click();
  await expect(page.locator('main p[role="status"]')).toHaveText('3 alerts silenced.');
  await open(page, `/alerts?state=silenced&alert_type=${type}`);
  await expect(page.locator('tbody tr')).toHaveCount(3);

  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('button', { name: 'Resolve: 3 alerts' }).click();
  await expect(page.locator('main p[role="status"]')).toHaveText('3 alerts resolved.');
  await open(page, `/alerts?alert_type=${type}`);
  await expect(page.getByText('No alert here.')).toBeVisible();
});

test('the statistics say how long it took, of how many, and no data in words', async ({ page }, info) => {
  const mine = `${info.project.name}_${info.workerIndex}_${info.retry}`.replace(/[^a-z0-9_]/g, '');
  for (const hall of ['one', 'two']) await report(page, `s${mine}`, `${hall}-${mine}`, 'low');
  await page.getByRole('button', { name: 'I have seen it' }).click();
  await expect(page.locator('.timeline')).toContainText('Acknowledged');
  await open(page, '/alerts/stats');
  // Opened, resolved, mean, half, nine of ten and n of both times.
  const row = page.getByRole('row', { name: new RegExp(`^cut_s${mine} `) }).first();
  await expect(row.locator('td').nth(1)).toHaveText('2');
  await expect(row.locator('td').nth(2)).toHaveText('0');
  await expect(row.locator('td').nth(3)).toHaveText(/^\d+\ss$/);
  await expect(row.locator('td').nth(6)).toHaveText('1');
  await expect(row.locator('td').nth(7)).toHaveText('No data');
  await expect(row.locator('td').nth(10)).toHaveText('0');
  await open(page, '/alerts/stats');
  await expect(page.getByRole('row', { name: /^Until acknowledged \(MTTA\)/ })).toBeVisible();
  await expect(page.getByRole('link', { name: '30 days' })).toHaveAttribute('aria-current', 'true');
  await axeClean(page);
  await noSidewaysScroll(page);
  await page.getByRole('link', { name: '7 days' }).click();
  await expect(page.getByRole('link', { name: '7 days' })).toHaveAttribute('aria-current', 'true');
  await open(page, '/alerts/stats?from=2001-01-01&to=2001-01-02');
  await expect(page.getByText('0 opened, 0 resolved.')).toBeVisible();
  await expect(page.getByRole('row', { name: /^Until resolved \(MTTR\) No data/ })).toBeVisible();
});

test('a viewer reads the statistics and finds nothing to select', async ({ another, scripted }) => {
  test.skip(!scripted, 'the second browser has its script');
  const viewer = await another('viewer');
  await open(viewer, '/alerts/stats');
  await expect(viewer.getByRole('heading', { level: 1 })).toHaveText('Alert statistics');
  await open(viewer, '/alerts');
  await expect(viewer.getByRole('checkbox')).toHaveCount(0);
  await expect(viewer.getByRole('button', { name: 'Resolve' })).toHaveCount(0);
});

test('a rule of each kind has its own form and is tried out', async ({ page }) => {
  await open(page, '/alerts/rules/new');
  for (const [kind, metric, from, value] of [
    ['A change', 'sales.revenue_net', 'From, %', '-30'],
    ['A number of events', 'jobs.failed_runs', 'From so many', '3'],
    ['Silence', 'jobs.since_success', 'Nothing for, s', '99999999'],
  ] as const) {
    await page.getByRole('link', { name: kind, exact: true }).click();
    await expect(page.getByRole('link', { name: kind, exact: true })).toHaveAttribute('aria-current', 'true');
    await page.getByLabel('Name').fill('Tried only');
    await page.getByLabel('Type of its alerts').fill('tried_only');
    await page.getByLabel('Watches').selectOption(metric);
    await page.getByLabel('Title; {entity}').fill('{entity}: {value}');
    await page.getByLabel(from, { exact: true }).first().fill(value);
    if (kind === 'Silence') await expect(page.getByLabel('Window, s')).toHaveCount(0);
    else await page.getByLabel('Window, s').fill('86400');
    if (kind === 'A change') await page.getByLabel('A problem when').selectOption('lt');
    else await expect(page.getByLabel('A problem when')).toHaveCount(0);
    await page.getByRole('button', { name: 'Try it out' }).click();
    await expect(page.getByRole('heading', { name: 'Tried out' })).toBeVisible();
    await expect(page.getByText(/^\d+ of \d+ would be a problem now\.$/)).toBeVisible();
    await expect(page.getByLabel('Name')).toHaveValue('Tried only');
    await expect(page.getByRole('link', { name: kind, exact: true })).toHaveAttribute('aria-current', 'true');
    await axeClean(page);
    await noSidewaysScroll(page);
  }
});
