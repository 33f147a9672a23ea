import { defineConfig } from '@playwright/test';
import { launchOptions, DESKTOP, PHONE } from './harness/browser.ts';
import { DEMO, EMPTY, REPOSITORY, SEATS, type Server } from './harness/server.ts';

function start(server: Server, world: 'demo' | 'empty') {
  return {
    name: world,
    command: 'scripts/e2e-server',
    cwd: REPOSITORY,
    url: `${server.origin}/health/ready`,
    env: {
      E2E_WORLD: world,
      E2E_PORT: String(server.port),
      E2E_DATA_DIR: server.dataDir,
      // The journeys come faster than people do. The limits have tests of their own.
      MILLRACE_RATE_ANONYMOUS: '1000000',
      MILLRACE_RATE_USER: '1000000',
      MILLRACE_RATE_TOKEN: '1000000',
    },
    timeout: 180_000,
    // To work on journeys: start scripts/e2e-server once and set this.
    reuseExistingServer: !!process.env.E2E_REUSE,
    // It stops its Postgres and clears its data; a kill would leave both.
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 20_000 },
    stdout: 'ignore' as const,
    stderr: 'pipe' as const,
  };
}

const ROLES = /roles\.setup\.ts/;
const NEW = /new-installation\.spec\.ts/;

export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: process.env.CI ? 1 : 0,
  workers: SEATS,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL: DEMO.origin,
    launchOptions,
    // Recording one costs every journey time; a journey that fails is tried again with it.
    trace: process.env.CI ? 'on-first-retry' : 'retain-on-failure',
    screenshot: 'only-on-failure',
    locale: 'en-GB',
    timezoneId: 'America/New_York', // not the business's zone: a page that used the browser's would show
  },
  webServer: [start(DEMO, 'demo'), start(EMPTY, 'empty')],
  projects: [
    { name: 'roles', testMatch: ROLES },
    { name: 'desktop', testIgnore: NEW, use: DESKTOP, dependencies: ['roles'] },
    { name: 'phone', testIgnore: NEW, use: PHONE, dependencies: ['roles'] },
    { name: 'noscript', testIgnore: NEW, use: { ...DESKTOP, javaScriptEnabled: false }, dependencies: ['roles'] },
    // One long way through a new installation, from the first administrator to the figures of a real year.
    { name: 'new', testMatch: NEW, use: { ...DESKTOP, baseURL: EMPTY.origin } },
  ],
});
