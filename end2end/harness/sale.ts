// Sales that a journey needs, recorded as another program would.
import type { Page } from '@playwright/test';
import { expect, open } from './test.ts';

export interface Recorded {
  transaction_id: string;
  number: number;
  case_id: string | null;
  fraud_outcome: string;
  hits: { code: string }[];
}

interface Product {
  id: string;
  price: string;
  stock_left: string | null;
}

/**
 * Records a sale of one product that is in stock: `quantity` pieces at the catalogue's price, or at so many times that.
 * The form takes catalogue prices; the API may send others.
 */
export async function record(page: Page, { quantity = 1, times }: { quantity?: number; times?: number } = {}): Promise<Recorded> {
  await open(page, '/transactions/new');
  const csrf = await page.locator('input[name="csrf_token"]').first().getAttribute('value');
  const products = await page.request.get('/api/v1/products?q=a&limit=50');
  const product = ((await products.json()).items as Product[]).find((one) => Number(one.stock_left ?? 0) > 20);
  if (!product) throw new Error('no product is in stock');
  const price = times === undefined ? {} : { unit_price: String(Number(product.price) * times) };
  const recorded = await page.request.post('/api/v1/transactions', {
    headers: { 'x-csrf-token': csrf ?? '' },
    data: { lines: [{ product_id: product.id, quantity, ...price }], payment_method: 'cash' },
  });
  expect(recorded.status(), await recorded.text()).toBe(201);
  return (await recorded.json()).data as Recorded;
}
