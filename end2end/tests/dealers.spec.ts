// Dealers: the sample dealer of the demo world, its keys set, tried and never read back.
import { expect, open, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

test('a dealer is found, and its records are marked as simulated', async ({ page, faults }) => {
  faults.expect(/status of 404/);
  await open(page, '/dealers?search=Sample');
  const row = page.getByRole('row', { name: /12284/ });
  await expect(row).toContainText('Simulated');
  await axeClean(page);
  await noSidewaysScroll(page);
  await row.getByRole('link', { name: '12284' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sample Dealer');
  await expect(page.locator('main').getByText('Simulated', { exact: true })).toBeVisible();
  await open(page, '/dealers?search=nobody-has-this-name');
  await expect(page.getByText('No dealer is like this.')).toBeVisible();
  await open(page, '/dealers/99999', 404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dealer not found');
});

test.describe('by an administrator', () => {
  test.use({ role: 'admin' });

  test('keys are tried with the dealer\'s system, set anew and never shown', async ({ page, faults }) => {
    faults.expect(/fn\/dealers\/keys/);
    await open(page, '/dealers/12284');
    const keys = page.locator('[data-keys]');
    await keys.getByRole('button', { name: 'Test the keys' }).click();
    await expect(keys.locator('[data-tested]')).toContainText('ok');
    await keys.getByText('Set new keys', { exact: true }).click();
    // Too short: nothing is kept, and nothing comes back into the page.
    await keys.getByLabel('New API key').fill('short');
    await keys.getByRole('button', { name: 'Set the keys' }).click();
    await expect(keys.locator('#api_key-error')).toContainText('8 to 200');
    await axeClean(page);
    // A key that is kept: its end is told, its value is nowhere, and what the last test gave does not count any more.
    const mine = `planted-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
    await keys.getByLabel('New API token').fill(mine);
    await keys.getByLabel('New API key').fill('');
    await keys.getByRole('button', { name: 'Set the keys' }).click();
    await expect(keys.locator('dl')).toContainText(`ends in ${mine.slice(-4)}`);
    expect(await page.content()).not.toContain('planted-');
    await noSidewaysScroll(page);
  });

  test('prospects of a range are fetched, and what cannot be fetched is told beside its field', async ({ page, faults, scripted }) => {
    faults.expect(/fn\/dealers\/fetch/);
    const day = (back: number) => `${new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10)}T00:00:00`;
    await open(page, '/dealers/12284');
    const form = page.locator('[data-fetch]');
    await form.getByLabel('From').fill(day(60));
    await form.getByRole('button', { name: 'Fetch', exact: true }).click();
    await expect(form.locator('#from_time-error')).toContainText('30 days back');
    await expect(form.getByLabel('From')).toHaveValue(new RegExp(`^${day(60).slice(0, 16)}`));
    await axeClean(page);
    await form.getByLabel('From').fill(day(6));
    await form.getByRole('button', { name: 'Fetch', exact: true }).click();
    const [feeds, runs] = [page.locator('[data-feeds]'), page.locator('[data-fetches]')];
    const newest = runs.locator('tbody tr').first();
    const cells = { Received: 'received', New: 'inserted', Changed: 'updated', 'Kept back': 'rejected' } as const;
    // With script the table follows by itself, without it on a reload. The run of another browser may come on top meanwhile.
    await expect(async () => {
      if (!scripted && (await newest.getByText('succeeded').count()) === 0) await page.reload();
      await expect(newest).toContainText('succeeded', { timeout: 2_000 });
      const told = await (await page.request.get('/api/v1/dealers/12284/fetches')).json();
      expect(told.runs[0].counters.received).toBeGreaterThan(0);
      for (const [label, name] of Object.entries(cells)) {
        expect(Number(await newest.locator(`[data-label="${label}"]`).innerText()), label).toBe(told.runs[0].counters[name]);
      }
      expect(Number(await feeds.locator('[data-prospects]').innerText())).toBe(told.prospects);
      const prospects = feeds.locator('[data-feed="prospect"]');
      expect(Number(await prospects.locator('[data-label="Records"]').innerText())).toBe(told.prospects);
      expect(await prospects.locator('[data-label="Gaps"] li').count()).toBe(told.coverage[0].gaps.length);
    }).toPass({ timeout: 30_000 });
    await axeClean(page);
    const records = feeds;
    await records.getByRole('link', { name: 'See them' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Prospects');
    await expect(page.locator('[data-dealer]')).toHaveText('Sample Dealer Simulated');
    await expect(async () => {
      const told = await (await page.request.get('/api/v1/dealers/12284/prospects?limit=1')).json();
      await page.reload();
      await expect(page.locator('[data-total]')).toHaveText(`${told.total} prospects`, { timeout: 1_000 });
    }).toPass({ timeout: 15_000 });
    const phone = page.locator('tbody tr').first().locator('[data-label="Phone"]');
    await expect(phone).toHaveText(/^•{8}\d{4}$/);
    if (scripted) {
      const first = page.locator('tbody tr').first();
      await first.getByRole('button', { name: /^Show who/ }).click();
      await expect(first.locator('[data-label="Phone"]')).toHaveText(/^0800\d{8}$/);
      await expect(first.locator('[data-label="Name"]')).not.toContainText('•');
      await axeClean(page);
    }
    await page.getByLabel('Status').selectOption({ label: 'Hot' });
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(page).toHaveURL(/status=3/);
    await expect(page.locator('tbody [data-label="Status"]').first()).toHaveText('Hot');
    await axeClean(page);
    await noSidewaysScroll(page);
  });

  test('order letters are fetched, listed and opened, and what is personal in one is shown on record', async ({ page, faults, scripted }) => {
    // Another browser may be fetching the same range.
    faults.expect(/fn\/dealers\/fetch/);
    const from = `${new Date(Date.now() - 25 * 86_400_000).toISOString().slice(0, 10)}T00:00:00`;
    await open(page, '/dealers/12284');
    const form = page.locator('[data-fetch]');
    await form.getByLabel('What').selectOption({ label: 'Order letters' });
    await form.getByLabel('From').fill(from);
    await form.getByRole('button', { name: 'Fetch', exact: true }).click();
    const row = page.locator('[data-feed="spk_read"]');
    await expect(async () => {
      if (!scripted) await page.reload();
      await expect(row.locator('[data-label="Records"]')).toHaveText(/^[1-9]\d*$/, { timeout: 2_000 });
    }).toPass({ timeout: 30_000 });
    await row.getByRole('link', { name: 'Order letters' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Order letters');
    const told = await (await page.request.get('/api/v1/dealers/12284/records/spk_read')).json();
    await expect(page.locator('[data-total]')).toHaveText(`${told.total} records`);
    const first = page.locator('tbody tr').first();
    await expect(first.locator('[data-label="Date"]')).toHaveText(told.items[0].business_date);
    await axeClean(page);
    await noSidewaysScroll(page);
    await first.getByRole('link').click();
    const record = page.locator('[data-record]');
    await expect(record).toContainText(told.items[0].record_key);
    await expect(record.getByText('namaCustomer', { exact: true }).locator('xpath=following-sibling::dd')).toContainText('•••');
    await axeClean(page);
    await noSidewaysScroll(page);
    if (scripted) {
      await record.getByRole('button', { name: 'Show what is personal' }).click();
      await expect(record.getByText('noKontak', { exact: true }).locator('xpath=following-sibling::dd')).toHaveText(/^0800\d{8}$/);
    } else {
      await expect(record.getByRole('button')).toHaveCount(0);
    }
    // A key that is none is told, and the list stays.
    await open(page, '/dealers/12284/records/spk_read?record=none');
    await expect(page.getByText('There is no record with this key.')).toBeVisible();
  });

  test('a feed is switched off and on', async ({ page }) => {
    // The browsers share one dealer, so each has its own feed.
    const feeds: Record<string, string> = { desktop: 'mdinvh3_read', phone: 'prsl_read' };
    await open(page, '/dealers/12284');
    const row = page.locator(`[data-feed="${feeds[test.info().project.name] ?? 'parts_inbound'}"]`);
    await row.getByRole('button', { name: /^Switch off/ }).click();
    await expect(row.getByText('Off', { exact: true })).toBeVisible();
    await row.getByRole('button', { name: /^Switch on/ }).click();
    await expect(row.getByText('Off', { exact: true })).toHaveCount(0);
  });
});
