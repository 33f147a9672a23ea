// The figures, their charts, and the rows behind them.
import { expect, open, test } from '../harness/test.ts';
import { dayAgo, number } from '../harness/list.ts';

/** A day that no journey sells on. */
const DAY = dayAgo(5);

test('every tile leads to as many rows as its number counts', async ({ page }) => {
  test.slow();
  await open(page, `/?day=${DAY}`);
  const tiles = page.locator('a.kpi');
  const count = await tiles.count();
  expect(count).toBeGreaterThanOrEqual(4);
  for (let i = 0; i < count; i += 1) {
    await open(page, `/?day=${DAY}`);
    const tile = tiles.nth(i);
    const metric = await tile.locator('[data-metric]').getAttribute('data-metric');
    const value = await tile.locator('[data-metric]').innerText();
    await tile.click();
    await expect(page).toHaveURL(new RegExp(`/overview/kpis/${metric}\\?.*day=${DAY}`));
    await expect(page.locator('.receipt [data-metric]')).toHaveText(value);
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
      const main = html.slice(html.indexOf('<main'), html.indexOf('</main>'));
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
    const second = await column(2);
    const same = (series: number[], scale: number) => series.length === 30 && series.every((v, i) => Math.abs(v * scale - second[i]!) < 0.005);
    expect(drawn.some((series) => [1, 1e3, 1e6].some((scale) => same(series, scale))), 'drawn = table').toBe(true);
  }
});
