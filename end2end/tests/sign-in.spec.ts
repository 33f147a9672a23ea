// Who gets in, and how one leaves.
import { expect, open, ready, test } from '../harness/test.ts';
import { logIn } from '../harness/server.ts';
import { signIn } from '../harness/sign-in.ts';

test.use({ role: 'nobody' });

test('a wrong password is refused and the name stays', async ({ page, faults }, info) => {
  faults.expect(/status of 40[13]/);
  await open(page, '/login');
  // A name of its own, so that repeated runs lock out nobody.
  const name = `stranger-${info.project.name}-${Date.now()}@example.com`;
  await signIn(page, name, 'not the password');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByLabel('E-mail or user name')).toHaveValue(name);
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
});

test('the right one leads to the page that was asked for, and signing out ends it', async ({ page }) => {
  await open(page, '/transactions?status=completed');
  await expect(page).toHaveURL(/\/login/);
  const { name, password } = logIn('viewer');
  await signIn(page, name, password);
  await expect(page).toHaveURL(/\/transactions\?status=completed$/);
  await ready(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login/);
  await open(page, '/');
  await expect(page).toHaveURL(/\/login/);
});
