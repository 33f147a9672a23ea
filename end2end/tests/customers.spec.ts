// Customers: added, masked, revealed on record, changed, erased; with and without script.
import { expect, open, ready, test } from '../harness/test.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';
import { total } from '../harness/list.ts';

/** Every project has customers of its own: they run beside each other on one database. */
const unique = (project: string): string => `${project}${Date.now().toString(36)}`;

test('a customer is added, masked, shown on record, changed and erased', async ({ page }, info) => {
  const name = unique(info.project.name);
  await open(page, '/customers');
  await page.getByRole('link', { name: 'New customer' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New customer');
  await ready(page);
  await page.getByLabel('Last name').fill(name);
  await page.getByLabel('E-mail').fill(`${name}@example.com`);
  await page.getByLabel('Phone, with country code').fill('07700 900123');
  await page.getByRole('button', { name: 'Add the customer' }).click();
  await expect(page.locator('#phone-error')).toHaveText(/country code/);
  await ready(page);
  await expect(page.getByLabel('Last name')).toHaveValue(name);
  await page.getByLabel('Phone, with country code').fill('+44 7700 901234');
  await page.getByLabel('Address').fill('1 Mill Lane');
  await page.getByRole('button', { name: 'Add the customer' }).click();
  await expect(page).toHaveURL(/\/customers\/[0-9a-f-]{36}\?saved$/);
  await ready(page);
  const facts = page.locator('article', { has: page.getByRole('heading', { name: 'Customer', exact: true }) });
  await expect(facts).toContainText(`${name[0]}***@example.com`);
  await expect(facts).toContainText('+44•••••1234');
  await expect(facts).not.toContainText('Mill Lane');
  await axeClean(page);
  await noSidewaysScroll(page);
  const address = page.url().replace(/\?.*$/, '');

  await page.getByRole('button', { name: 'Show personal data' }).click();
  await expect(facts).toContainText('+447700901234');
  await expect(facts).toContainText('1 Mill Lane');
  await ready(page);
  await expect(page.getByLabel('E-mail')).toHaveValue(`${name}@example.com`);
  await page.getByLabel('Address').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await ready(page);
  await expect(facts).not.toContainText('Address');
  await expect(facts).toContainText('+44•••••1234');

  await open(page, `/customers?q=${name}`);
  expect(await total(page)).toBe(1);
  await expect(page.locator('main tbody tr')).not.toContainText(name);

  await open(page, address);
  await page.getByText('Erase personal data…').click();
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await ready(page);
  await expect(page.getByText(/^Erased customer/).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Show personal data' })).toHaveCount(0);
  await open(page, `/customers?q=${name}`);
  await expect(page.getByText('No customer matches these filters.')).toBeVisible();
});

test.describe('a viewer', () => {
  test.use({ role: 'viewer' });

  test('reads customers masked and can neither reveal nor change them', async ({ page }) => {
    await open(page, '/customers');
    await expect(page.getByRole('link', { name: 'New customer' })).toHaveCount(0);
    for (const email of await page.locator('main tbody td:nth-child(2)').allInnerTexts()) {
      if (email) expect(email).toMatch(/^.\*\*\*@/);
    }
    await page.locator('main tbody a.row-link').first().click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Customer \d+$/);
    for (const act of ['Show personal data', 'Save', 'Erase for good']) {
      await expect(page.getByRole('button', { name: act, exact: true })).toHaveCount(0);
    }
  });
});
