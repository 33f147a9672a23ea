// Signs in once for each role and worker, and keeps the cookies for all journeys.
import { expect, test } from '@playwright/test';
import { logIn, ROLES, SEATS, stateOf } from '../harness/server.ts';
import { signIn } from '../harness/sign-in.ts';

for (const [role, seat] of ROLES.flatMap((role) => Array.from({ length: SEATS }, (_, seat) => [role, seat] as const))) {
  test(`${role} signs in, ${seat + 1}`, async ({ page }) => {
    const { name, password } = logIn(role);
    await page.goto('/login');
    await signIn(page, name, password);
    await expect(page).not.toHaveURL(/login/);
    await page.context().storageState({ path: stateOf(role, seat) });
  });
}
