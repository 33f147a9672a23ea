import { chooseTheme } from './harness/checks.ts';
import { PAGES } from './harness/pages.ts';
import { open, test } from './harness/test.ts';

const folder = process.env.MILLRACE_SHOTS ?? '/tmp/shots';

for (const shown of PAGES) {
  test.describe(shown.name, () => {
    test.use({ role: shown.role ?? 'admin' });

    for (const theme of ['light', 'dark'] as const) {
      test(theme, async ({ page, context, baseURL }, info) => {
        await chooseTheme(context, baseURL!, theme);
        const path = typeof shown.path === 'string' ? shown.path : await shown.path(page);
        await open(page, path);
        await page.screenshot({ path: `${folder}/${shown.name}-${info.project.name}-${theme}.png`, fullPage: true });
      });
    }
  });
}
