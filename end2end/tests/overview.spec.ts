// The figures, their charts, and the rows behind them.
import type { Page } from '@playwright/test';
import { expect, open, test } from '../harness/test.ts';
import { dayAgo, number } from '../harness/list.ts';
import { axeClean, noSidewaysScroll } from '../harness/checks.ts';

/** A day that no journey sells on. */
const DAY = dayAgo(5);

test('every tile leads to as many rows as its number counts', async ({ page }) => {
  test.slow();
  await open(page, `/?day=${DAY}`);
  const tiles = page.locator('.kpi');
  const count = await tiles.count();
  expect(count).toBe(6);
  const ofNow = ['fraud.held', 'stock.low'];
  for (let i = 0; i < count; i += 1) {
    await open(page, `/?day=${DAY}`);
    const tile = tiles.nth(i);
    const metric = await tile.locator('[data-metric]').getAttribute('data-metric');
    const value = await tile.locator('[data-metric]').innerText();
    await tile.click();
    // What is of this moment is of no day, and other journeys may change it meanwhile.
    const now = ofNow.includes(metric!);
    await expect(page).toHaveURL(new RegExp(`/overview/kpis/${metric}${now ? '' : `\\?.*day=${DAY}`}`));
    if (!now) await expect(page.locator('.receipt [data-metric]')).toHaveText(value);
    const rows = Number(await page.locator('[data-rows]').getAttribute('data-rows'));
    const receipt = page.locator('.receipt dt', { hasText: /^Rows$/ }).locator('xpath=../dd');
    expect(number(await receipt.innerText()), metric!).toBe(rows);
    if (metric === 'sales.orders') expect(number(value)).toBe(rows);
    // No page holds more; the last one must end where the number does.
    let listed = 0;
    let next: string | undefined = page.url();
    for (let guard = 0; next && guard < 200; guard += 1) {
      // The first HTML of each page is whole; rendering it in the browser would only take longer.
      const html: string = await (await page.request.get(next)).text();
      const main = html.slice(html.indexOf('<main'), html.indexOf('</main>')).replace(/<details[\s\S]*?<\/details>/g, '');
      listed += (main.match(/<tbody[\s\S]*?<\/tbody>/g) ?? []).join('').match(/<tr\b/g)?.length ?? 0;
      const link = (main.match(/<a\b[^>]*>[^<]*/g) ?? []).find((a) => a.endsWith('Next page'));
      next = /href="([^"]*)"/.exec(link ?? '')?.[1]?.replaceAll('&amp;', '&');
    }
    expect(listed, metric!).toBe(rows);
  }
});

test('period and counting rule are links that the address keeps', async ({ page }) => {
  await open(page, '/');
  await page.getByRole('navigation', { name: 'Period' }).getByRole('link', { name: '30 days' }).click();
  await expect(page).toHaveURL(/period=|days=|from=/);
  await expect(page.getByRole('navigation', { name: 'Period' }).locator('[aria-current]')).toHaveText('30 days');
  await page.getByRole('navigation', { name: 'Counting rule' }).getByRole('link').nth(1).click();
  await expect(page).toHaveURL(/basis=/);
  await expect(page.getByRole('navigation', { name: 'Period' }).locator('[aria-current]')).toHaveText('30 days');
});

test('the figures stand without confirmed fraud, too, and the link says so', async ({ page }) => {
  await open(page, `/?day=${DAY}`);
  const choice = page.getByRole('navigation', { name: 'Confirmed fraud' });
  await expect(choice.locator('[aria-current]')).toHaveText('All sales');
  await choice.getByRole('link', { name: 'Without fraud' }).click();
  await expect(page).toHaveURL(new RegExp(`day=${DAY}.*clean=1`));
  await expect(choice.locator('[aria-current]')).toHaveText('Without fraud');
  await page.locator('.kpi', { has: page.locator('[data-metric="sales.orders"]') }).click();
  await expect(page).toHaveURL(/\/overview\/kpis\/sales\.orders\?.*clean=1/);
  await expect(page.locator('.receipt [data-metric]')).toBeVisible();
});

test('products of which little is left stand on the home page, the least first', async ({ page }) => {
  await open(page, '/');
  const card = page.locator('article.card', { has: page.getByRole('heading', { name: 'Low stock' }) });
  await expect(card).toBeVisible();
  await card.getByRole('link', { name: 'All low products' }).click();
  await expect(page).toHaveURL(/\/overview\/kpis\/stock\.low/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Low stock');
  await expect(page.locator('[data-rows]')).toBeVisible();
});

test('each trend has thirty days, drawn and as a table of the same numbers', async ({ page, scripted }) => {
  await open(page, '/overview/kpis');
  const figures = page.locator('[data-trend] figure.chart');
  await expect(figures).toHaveCount(2);
  for (const figure of await figures.all()) {
    const rows = figure.locator('details.twin tbody tr');
    expect(await rows.count()).toBe(30);
    if (!scripted) continue;
    await expect(figure.locator('canvas, svg').first()).toBeVisible();
    // What ECharts was given must be what the table says, maybe in thousands or millions.
    const drawn = await figure.locator('.chart-canvas').evaluate((node) => {
      const charts = (globalThis as unknown as { echarts: { getInstanceByDom(n: Element): { getOption(): unknown } | undefined } }).echarts;
      const option = charts.getInstanceByDom(node)?.getOption() as { series: { data: unknown[] }[] };
      const plain = (v: unknown): number => Number(Array.isArray(v) ? v.at(-1) : typeof v === 'object' && v ? (v as { value: unknown }).value : v);
      return option.series.map((series) => series.data.map(plain));
    });
    const column = async (n: number) => (await rows.locator(`td:nth-child(${n})`).allTextContents()).map(number);
    // The second column is drawn as bars, the last as the dashed line of the period before; its date stands below.
    const amounts = await rows.locator('td:last-child').evaluateAll((cells) => cells.map((cell) => cell.firstChild?.textContent ?? ''));
    for (const [name, values] of [['bars', await column(2)], ['dashed', amounts.map(number)]] as const) {
      const same = (series: number[], scale: number) => series.length === 30 && series.every((v, i) => Math.abs(v * scale - values[i]!) < Math.max(0.005, scale * 6e-5));
      expect(drawn.some((series) => [1, 1e3, 1e6].some((scale) => same(series, scale))), `${name} = table`).toBe(true);
    }
  }
});

test('the figures compare with everything until one comparison is chosen', async ({ page, phone, scripted }) => {
  await open(page, `/overview/kpis?day=${DAY}`);
  const bar = page.getByRole('navigation', { name: 'Compared with' });
  const sheet = page.locator('summary', { hasText: 'Compared with' });
  const shown = async () => {
    if (phone) await sheet.click();
  };
  await shown();
  await expect(bar.locator('[aria-current]')).toHaveText('All three');
  await bar.getByRole('link', { name: 'Last week' }).click();
  await expect(page).toHaveURL(/compare=week/);
  await expect(bar.locator('[aria-current]')).toHaveText('Last week');
  await expect(page.locator('.kpi .foot', { hasText: 'last year' })).toHaveCount(0);
  if (scripted) {
    await page.goBack();
    await expect(bar.locator('[aria-current]')).toHaveText('All three');
  }
});

test('the length of the trend is a choice that the address keeps', async ({ page }) => {
  for (const path of ['/', '/overview/kpis']) {
    await open(page, path);
    const length = page.getByRole('navigation', { name: 'Length of the trend' });
    await expect(length.locator('[aria-current]')).toHaveText('30 days');
    await length.getByRole('link', { name: '7 days' }).click();
    await expect(page).toHaveURL(/days=7/);
    await expect(page.locator('[data-trend] figure.chart').first().locator('tbody tr')).toHaveCount(7);
    await page.getByRole('navigation', { name: 'Counting rule' }).getByRole('link').nth(1).click();
    await expect(page).toHaveURL(/basis=.*days=7|days=7.*basis=/);
    await expect(length.locator('[aria-current]')).toHaveText('7 days');
  }
});

test('an hour opens the rows that it counts, from the table and from the chart', async ({ page, scripted }) => {
  await open(page, `/?day=${DAY}`);
  const figure = page.locator('figure.chart').first();
  const rows = figure.locator('details.twin tbody tr');
  const orders = await rows.evaluateAll((all) => all.map((row) => Number(row.children[2]!.textContent!.replace(/\D/g, ''))));
  const busiest = orders.indexOf(Math.max(...orders));
  const amount = (await rows.nth(busiest).locator('[data-pick]').textContent())!;
  await figure.locator('summary').click();
  await rows.nth(busiest).locator('td').nth(2).getByRole('link').click();
  await expect(page).toHaveURL(/sales\.orders\?.*hour=/);
  await expect(page.locator('[data-rows]')).toHaveAttribute('data-rows', String(orders[busiest]));
  if (!scripted) return;
  await page.goBack();
  await expect(page).toHaveURL(new RegExp(`/\\?day=${DAY}$`));
  await expect(figure.locator('canvas, svg').first()).toBeVisible();
  await clickCategory(page, 0, busiest);
  await expect(page).toHaveURL(/sales\.revenue_net\?.*hour=/);
  await expect(page.locator('.receipt [data-metric]')).toHaveText(amount);
  await page.goBack();
  await expect(page).toHaveURL(new RegExp(`/\\?day=${DAY}$`));
});

test('a day of the figures stays on their page, a point opens its rows, and Back undoes both', async ({ page, scripted }) => {
  await open(page, '/overview/kpis');
  const figure = page.locator('[data-trend] figure.chart').first();
  const row = figure.locator('details.twin tbody tr').nth(20);
  await figure.locator('summary').click();
  const link = row.locator('td').first().getByRole('link');
  const href = await link.getAttribute('href');
  expect(href).toMatch(/^\/overview\/kpis\?day=/);
  await link.click();
  await expect(page).toHaveURL(new RegExp(`${href!.replace(/[?]/g, '\\?')}$`));
  await page.goBack();
  await expect(page).toHaveURL(/\/overview\/kpis$/);
  if (!scripted) return;
  // The old figures stand until the new ones are there.
  await expect(figure.locator('details.twin tbody tr').last()).toContainText('so far');
  const amount = await row.locator('[data-pick]').textContent();
  await clickCategory(page, 0, 20);
  await expect(page).toHaveURL(/\/overview\/kpis\/sales\.revenue_net\?day=/);
  await expect(page.locator('.receipt [data-metric]')).toHaveText(amount!);
  await page.goBack();
  await expect(page).toHaveURL(/\/overview\/kpis$/);
});

test('a tile tells how its number came about without leaving the page', async ({ page }) => {
  await open(page, `/?day=${DAY}`);
  const tile = page.locator('.kpi').first();
  const receipt = tile.locator('dl.details');
  await expect(receipt).toBeHidden();
  const button = tile.locator('summary');
  await button.click();
  await expect(receipt).toBeVisible();
  for (const term of ['Formula', 'Range', 'Zone', 'Rows', 'Computed', 'Age', 'State']) {
    await expect(receipt.locator('dt', { hasText: new RegExp(`^${term}$`) })).toHaveCount(1);
  }
  expect(new URL(page.url()).pathname).toBe('/');
  await noSidewaysScroll(page);
  await axeClean(page);
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(receipt).toBeHidden();
});

test('what needs a hand comes first on the phone, the refresh bar last everywhere', async ({ page, phone }) => {
  await open(page, '/');
  const top = async (selector: string) => (await page.locator(selector).first().boundingBox())!.y;
  await expect(page.locator('article[data-attention]')).toBeVisible();
  const [attention, figures, charts, areas, refresh] = await Promise.all(
    ['article[data-attention]', '.kpis', '[data-trend]', '.grid3', '.refresh'].map(top),
  );
  expect(attention! < figures!).toBe(phone);
  expect(Math.max(attention!, figures!)).toBeLessThan(charts!);
  expect(Math.max(charts!, areas!)).toBeLessThan(refresh!);
  await expect(page.locator('.kpi .spark').first()).toBeVisible({ visible: !phone });
});

/** Clicks where the n-th chart of the page has its `place`-th bar or point. */
async function clickCategory(page: Page, chart: number, place: number): Promise<void> {
  const canvas = page.locator('.chart-canvas').nth(chart);
  await canvas.scrollIntoViewIfNeeded();
  await expect(canvas.locator('canvas, svg').first()).toBeVisible();
  const at = await canvas.evaluate((node, index) => {
    const { echarts } = globalThis as unknown as {
      echarts: { getInstanceByDom(n: Element): { convertToPixel(f: object, v: number[]): number[] } | undefined };
    };
    return echarts.getInstanceByDom(node)!.convertToPixel({ gridIndex: 0 }, [index, 0]);
  }, place);
  // A little above the axis: on the bar where there is one, beside a line all the same.
  await canvas.click({ position: { x: at[0]!, y: at[1]! - 3 } });
}
