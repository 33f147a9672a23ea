// `test` of all journeys: signed in by role, every complaint of the browser trapped.
import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { Faults } from './faults.ts';
import { stateOf, type Role } from './server.ts';

interface Options {
  /** Who looks; `nobody` is signed out. */
  role: Role | 'nobody';
}

interface Fixtures {
  faults: Faults;
  /** The project runs the page's script. */
  scripted: boolean;
  phone: boolean;
  /** A second person at a second browser. */
  another: (role: Role) => Promise<Page>;
}

export const test = base.extend<Options & Fixtures>({
  role: ['admin', { option: true }],
  storageState: async ({ role }, use, info) => {
    await use(role === 'nobody' ? undefined : stateOf(role, info.parallelIndex));
  },
  scripted: async ({ javaScriptEnabled }, use) => {
    await use(javaScriptEnabled !== false);
  },
  phone: async ({ isMobile }, use) => {
    await use(isMobile === true);
  },
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern
  faults: async ({}, use) => {
    const faults = new Faults();
    await use(faults);
    faults.check();
  },
  context: async ({ context, faults, scripted }, use) => {
    faults.watch(context, scripted);
    await use(context);
  },
  another: async ({ browser, faults, scripted, baseURL, viewport, hasTouch, isMobile }, use, info) => {
    const contexts: BrowserContext[] = [];
    await use(async (role) => {
      const context = await freshContext(browser, { baseURL, viewport, hasTouch, isMobile, storageState: stateOf(role, info.parallelIndex) });
      faults.watch(context, scripted);
      contexts.push(context);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

function freshContext(browser: Browser, options: Parameters<Browser['newContext']>[0]): Promise<BrowserContext> {
  return browser.newContext(options);
}

/** Opens `path`, wants `status`, and waits until the page's script has taken over, where there is one. */
export async function open(page: Page, path: string, status = 200): Promise<void> {
  const response = await page.goto(path);
  expect(response?.status(), path).toBe(status);
  await ready(page);
}

/** The page's script has taken over; nothing to wait for without script. */
export async function ready(page: Page): Promise<void> {
  if (test.info().project.use.javaScriptEnabled === false) return;
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
}

export { expect };
