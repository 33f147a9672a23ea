// A rule set is tried on a file and on own sales, and the report is read.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

// Every tenth sale is a fraud, and dear: enough of them before the tried days to learn from.
const sale = (n: number, day: number, customer: string) => {
  const [hour, minute] = [Math.floor(n / 60) % 24, n % 60].map((part) => String(part).padStart(2, '0'));
  const fraud = n % 10 === 0;
  return `${customer}${day}-${n},2026-03-${String(day).padStart(2, '0')} ${hour}:${minute},${customer}${n % 7},t${n % 3},${fraud ? 900 : 20 + (n % 9)},${fraud ? 1 : 0},x`;
};
const learnt = Array.from({ length: 9 * 250 }, (_, n) => sale(n % 250, 1 + Math.floor(n / 250), 'a'));
const tried = Array.from({ length: 60 }, (_, n) => sale(n % 20, 20 + Math.floor(n / 20), 'b'));
const file = ['ref,time,customer,terminal,amount,fraud,scenario', ...learnt, ...tried].join('\n');

test('a file of labelled sales becomes a report of what a set would have done, and a score that sets can use', async ({ page, phone }) => {
  await open(page, '/fraud/backtests');
  await page.getByLabel('Name', { exact: true }).fill('March, ten per cent fraud');
  await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'march.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.locator('table').last()).toContainText('March, ten per cent fraud');
  await expect(page.locator('table').last()).toContainText('231 of 2,310');
  await axeClean(page);
  await noSidewaysScroll(page);

  // The classic set: other journeys copy the standard one and count on it not having been tried.
  await open(page, '/fraud/backtests?set=0');
  await page.getByLabel('Sales', { exact: true }).selectOption({ label: 'March, ten per cent fraud' });
  await page.getByLabel('First day', { exact: true }).fill('2026-03-20');
  await page.getByLabel('Last day', { exact: true }).fill('2026-03-22');
  await page.getByLabel('Learn a score from (may be empty)').fill('2026-03-01');
  await page.getByLabel('Learn until (before the first day)').fill('2026-03-09');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Backtest of #0 Classic');
  // The job runs beside; without script the page is read again.
  await expect(async () => {
    await open(page, page.url());
    await expect(page.locator('[data-summary]')).toContainText('6 of 60', { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  // Ordered by amount all six frauds come first.
  await expect(page.locator('[data-rankings] tr', { hasText: 'Amount alone' })).toContainText('1.0000');
  await expect(page.getByRole('heading', { name: 'Against the set in force' })).toBeVisible();
  await axeClean(page);
  await noSidewaysScroll(page);
  const scores = await page.request.get(`${page.url().replace('/fraud/', '/api/v1/fraud/')}/scores`);
  expect((await scores.text()).trim().split('\r\n')).toHaveLength(61);

  const card = page.locator('article', { has: page.getByRole('heading', { name: 'Learned score' }) });
  await expect(card).toContainText('learned from 2,250 labelled sales with 225 frauds');
  const number = /as learned score (\d+)\./.exec((await card.textContent()) ?? '')?.[1] ?? '';
  if (phone) return; // a phone reads only
  await open(page, '/fraud/rules/0');
  await page.getByRole('button', { name: 'Copy to a new draft' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Classic copy$/);
  await page.getByLabel('Learned score', { exact: true }).selectOption(number);
  await page.getByRole('button', { name: 'Save the draft' }).click();
  await expect(page.getByText('The draft is saved.')).toBeVisible();
  await expect(page.getByLabel('Learned score', { exact: true })).toHaveValue(number);
  const diff = page.locator('section', { has: page.getByRole('heading', { name: 'Against the live set' }) });
  await expect(diff).toContainText(`Learned score: none → ${number}`);
});

test('a file with a bad row is refused, and says where', async ({ page, faults }) => {
  faults.expect(/422 .*fraud\/backtests\)/);
  await open(page, '/fraud/backtests');
  const bad = 'ref,time,amount\n1,2026-03-01,5\n2,never,5\n';
  await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'bad.csv', mimeType: 'text/csv', buffer: Buffer.from(bad) });
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('alert').first()).toContainText('Row 3');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Backtests');
});

test('days without sales are refused beside the field, and what was chosen stays', async ({ page, faults }) => {
  faults.expect(/fn\/backtests\/start/);
  await open(page, '/fraud/backtests');
  await page.getByLabel('First day', { exact: true }).fill('2001-01-01');
  await page.getByLabel('Last day', { exact: true }).fill('2001-01-02');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByText('No sale was recorded on these days.').first()).toBeVisible();
  await expect(page.getByLabel('First day', { exact: true })).toHaveValue('2001-01-01');
});
