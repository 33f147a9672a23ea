import type { Page } from '@playwright/test';

/** Fills in and sends the form that `/login` shows. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('E-mail or user name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
