// Reading what a list page shows.
import { expect, type Page } from '@playwright/test';

/** The business day `days` ago, as the filters take it. Good to a day in any zone. */
export function dayAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

/** The number that an amount or count in words holds: `£1,204.50`, `−₹ 99.00`, `1,204 transactions`. */
export function number(text: string): number {
  const match = /([−-]?)[^0-9−-]*([0-9][0-9.,  ]*)/.exec(text);
  expect(match, `a number in "${text}"`).not.toBeNull();
  return Number(match![2]!.replace(/[,  ]/g, '').replace(/\.$/, '')) * (match![1] ? -1 : 1);
}

/** The total above a list. */
export async function total(page: Page): Promise<number> {
  return number(await page.locator('main .total').first().innerText());
}

/** The totals of the sales shown, from top to bottom. */
export async function amounts(page: Page): Promise<number[]> {
  const cells = await page.locator('main tbody tr td:nth-child(5)').allInnerTexts();
  return cells.map(number);
}
