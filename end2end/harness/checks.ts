// What every page must pass.
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** No finding of axe at WCAG 2.2 A and AA. */
export async function axeClean(page: Page): Promise<void> {
  await clean(page, (axe) => axe.withTags(RULES));
}

/** The same for what another theme can change: colours. */
export async function coloursClean(page: Page): Promise<void> {
  await clean(page, (axe) => axe.withRules(['color-contrast', 'link-in-text-block']));
}

async function clean(page: Page, choose: (axe: AxeBuilder) => AxeBuilder): Promise<void> {
  const look = (page: Page) => findings(page, choose);
  const said = test.info().project.use.javaScriptEnabled === false ? await withScript(page, look) : await look(page);
  expect(said, page.url()).toEqual([]);
}

async function findings(page: Page, choose: (axe: AxeBuilder) => AxeBuilder): Promise<string[]> {
  // Legacy mode stays in this page; the other one opens a helper page, which has no use without frames.
  const { violations } = await choose(new AxeBuilder({ page })).setLegacyMode().analyze();
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}\n  ${n.failureSummary}\n  ${n.html}`));
}

/** axe is a script itself: it looks at the same document in a browser that runs axe's but none of the page's. */
async function withScript<T>(page: Page, look: (page: Page) => Promise<T>): Promise<T> {
  const body = (await page.content()).replace(/<script\b[\s\S]*?<\/script>/g, '');
  const context = await page.context().browser()!.newContext({
    javaScriptEnabled: true,
    viewport: page.viewportSize(),
    storageState: await page.context().storageState(),
  });
  const twin = await context.newPage();
  await twin.route(page.url(), (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await twin.goto(page.url());
  const seen = await look(twin);
  await context.close();
  return seen;
}

/** Nothing sticks out at the side of the page. */
export async function noSidewaysScroll(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > room + 0.5);
    return [`page is ${document.documentElement.scrollWidth} wide, room is ${room}`, ...out.slice(0, 8).map((e) => e.outerHTML.slice(0, 160))];
  });
  expect(wide, page.url()).toEqual([]);
}

export type Theme = 'light' | 'dark';

/** Chooses the theme as the page's own switch does: by the cookie that the server reads. */
export async function chooseTheme(context: BrowserContext, origin: string, theme: Theme): Promise<void> {
  await context.addCookies([{ name: 'theme', value: theme, url: origin }]);
}
