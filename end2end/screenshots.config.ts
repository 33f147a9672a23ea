// Pictures of every page for the eye: npm run screenshots; they go to MILLRACE_SHOTS or /tmp/shots.
import { defineConfig } from '@playwright/test';
import base from './playwright.config.ts';

export default defineConfig({
  ...base,
  testDir: '.',
  projects: base.projects!.filter((p) => p.name !== 'noscript' && p.name !== 'new').map((p) => ({ ...p, testMatch: p.name === 'roles' ? /roles\.setup\.ts/ : /screenshots\.ts/ })),
});
