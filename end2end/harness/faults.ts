// Everything a browser complains about fails the test that caused it.
import { expect, type BrowserContext } from '@playwright/test';

export class Faults {
  private readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];

  /** Listens to all pages of `context`. Breaches of the content policy come as console errors. */
  watch(context: BrowserContext, scripted: boolean): void {
    context.on('console', (message) => {
      if (message.type() !== 'error') return;
      this.seen.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.seen.push(`script: ${error.error().stack ?? error.error().message}`));
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? '';
      // Leaving a page cuts its open requests, and a download ends its navigation: neither is a fault.
      // With scripts switched off the browser does not preload them, and blames the policy.
      const idle = !scripted && reason === 'csp' && request.url().endsWith('.js');
      if (reason !== 'net::ERR_ABORTED' && !idle) this.seen.push(`request: ${request.method()} ${request.url()} ${reason}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 500) this.seen.push(`answer: ${response.status()} ${response.url()}`);
    });
  }

  /** This test provokes a complaint on purpose, e.g. by opening a forbidden page. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  check(): void {
    expect(this.seen.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)))).toEqual([]);
  }
}
