// Every page, in both themes: answers, is named, is accessible, fits, and the browser has nothing to say.
import { axeClean, chooseTheme, coloursClean, noSidewaysScroll } from '../harness/checks.ts';
import { PAGES } from '../harness/pages.ts';
import { expect, open, test } from '../harness/test.ts';

for (const shown of PAGES) {
  test.describe(shown.name, () => {
    test.use({ role: shown.role ?? 'admin' });

    test('is whole in light and dark', async ({ page, context, baseURL }) => {
      await chooseTheme(context, baseURL!, 'light');
      const path = typeof shown.path === 'string' ? shown.path : await shown.path(page);
      for (const theme of ['light', 'dark'] as const) {
        await chooseTheme(context, baseURL!, theme);
        await open(page, path);
        await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
        await expect(page).toHaveTitle(shown.title);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(shown.heading);
        await expect(page.locator('main .failed')).toHaveCount(0);
        await expect(page.locator('main .skeleton')).toHaveCount(0);
        await (theme === 'light' ? axeClean(page) : coloursClean(page));
        await noSidewaysScroll(page);
      }
    });
  });
}
