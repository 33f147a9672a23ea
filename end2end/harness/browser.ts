// The browser: Playwright's own cannot be downloaded everywhere, so any installed Chromium will do.
import { existsSync } from 'node:fs';

const path = process.env.MILLRACE_CHROMIUM || '/usr/bin/chromium';

export const launchOptions = {
  ...(existsSync(path) ? { executablePath: path } : {}),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
