// Every page with what it must show.
import { expect, type Page } from '@playwright/test';
import { dayAgo } from './list.ts';
import type { Role } from './server.ts';
import { open } from './test.ts';

export interface Shown {
  /** Also the name of its screenshots. */
  name: string;
  /** The address, or how to get to one from a list. */
  path: string | ((page: Page) => Promise<string>);
  /** Start of the document's title; the rest names Millrace. */
  title: RegExp;
  heading: RegExp;
  role?: Role | 'nobody';
}

/** Where the first link of the page at `list` whose address starts with `start` leads. */
function first(list: string, start: string): (page: Page) => Promise<string> {
  return async (page) => {
    await open(page, list);
    const id = '[0-9a-f]{8}-[0-9a-f-]{27}';
    const all = await page.locator(`main a[href^="${start}"]`).evaluateAll((links) => links.map((l) => l.getAttribute('href') ?? ''));
    const found = all.find((href) => new RegExp(`^${start}${id}$`).test(href));
    expect(found, `a link to ${start}… on ${list}`).toBeTruthy();
    return found!;
  };
}

const fixed = (name: string, path: string, words: string, role?: Role | 'nobody'): Shown => ({
  name,
  path,
  title: new RegExp(`^${words} · Millrace$`),
  heading: new RegExp(`^${words}$`),
  ...(role ? { role } : {}),
});

/** Its title carries the number of critical items. */
const home = (name: string, path: string): Shown => ({ name, path, title: /^(\(\d+\) )?Overview · Millrace$/, heading: /^Overview$/ });

export const PAGES: readonly Shown[] = [
  fixed('login', '/login', 'Sign in', 'nobody'),
  fixed('setup', '/setup?link=no-such-link', 'Set up Millrace', 'nobody'),
  home('overview', '/'),
  home('overview-day', `/?day=${dayAgo(5)}&basis=gross`),
  fixed('kpis', '/overview/kpis', 'Figures'),
  fixed('targets', '/overview/targets', 'Targets'),
  fixed('kpi-orders', '/overview/kpis/orders?period=30d', 'Orders'),
  fixed('kpi-customers', '/overview/kpis/active_customers', 'Active customers'),
  fixed('attention', '/overview/attention', 'Needs attention'),
  fixed('freshness', '/overview/freshness', 'Freshness'),
  fixed('transactions', '/transactions', 'Transactions'),
  fixed('transactions-none', '/transactions?q=nothing-has-this-name', 'Transactions'),
  fixed('transactions-new', '/transactions/new', 'New transaction'),
  {
    name: 'transaction',
    path: first('/transactions', '/transactions/'),
    title: /^Transaction #\d+ · Millrace$/,
    heading: /^Transaction #\d+$/,
  },
  fixed('alerts', '/alerts', 'Alerts'),
  fixed('alerts-none', '/alerts?q=nothing-has-this-name', 'Alerts'),
  { name: 'alert', path: first('/alerts', '/alerts/'), title: /^Alert #\d+ · Millrace$/, heading: /^Alert #\d+$/ },
  fixed('alert-new', '/alerts/new', 'New alert'),
  fixed('alert-stats', '/alerts/stats', 'Alert statistics'),
  fixed('alerts-act', '/alerts/act?action=resolve&q=nothing-has-this-name', 'Many alerts at once'),
  fixed('alert-rules', '/alerts/rules', 'Alert rules'),
  fixed('alert-rule-new', '/alerts/rules/new', 'New rule'),
  fixed('silences', '/alerts/silences', 'Silences'),
  fixed('channels', '/alerts/channels', 'Channels'),
  fixed('routes', '/alerts/routes', 'Routes'),
  fixed('route-new', '/alerts/routes?edit=new', 'Routes'),
  fixed('routes-probe', '/alerts/routes?alert_type=low_stock&feature=inventory&severity=critical', 'Routes'),
  fixed('inbox', '/inbox', 'Inbox'),
  fixed('preferences', '/inbox/preferences', 'Preferences'),
  fixed('customers', '/customers', 'Customers'),
  fixed('customers-viewer', '/customers', 'Customers', 'viewer'),
  fixed('customers-new', '/customers/new', 'New customer'),
  { name: 'customer', path: first('/customers', '/customers/'), title: /^Customer \d+ · Millrace$/, heading: /^Customer \d+$/ },
  fixed('products', '/products', 'Products'),
  fixed('products-none', '/products?q=nothing-has-this-name', 'Products'),
  fixed('products-new', '/products/new', 'New product'),
  { name: 'product', path: first('/products', '/products/'), title: / · Millrace$/, heading: /\S/ },
  fixed('fraud', '/fraud', 'Fraud review'),
  fixed('fraud-closed', '/fraud?state=closed', 'Fraud review'),
  fixed('backtests', '/fraud/backtests', 'Backtests'),
  fixed('fraud-rules', '/fraud/rules', 'Fraud rules'),
  fixed('fraud-rule-set', '/fraud/rules/1', 'Rule set 1 Standard'),
  fixed('fraud-lists', '/fraud/lists', 'Fraud lists'),
  fixed('dealers', '/dealers', 'Dealers'),
  fixed('dealer', '/dealers/12284', 'Sample Dealer'),
  fixed('prospects', '/dealers/12284/records/prospect', 'Prospects'),
  fixed('dealer-records', '/dealers/12284/records/spk_read', 'Order letters'),
  fixed('planning', '/planning', 'Planning'),
  fixed('plan-map', '/planning/map', 'Map'),
  fixed('plan-network', '/planning/network', 'Network'),
  fixed('plan-compare', '/planning/compare', 'Compare plans'),
  fixed('plan-runs', '/planning/runs', 'Solver runs'),
  fixed('plan-solve', '/planning/solve', 'Solve a plan'),
  fixed('plan-scenarios', '/planning/scenarios', 'Scenarios'),
  fixed('plan-scenarios-viewer', '/planning/scenarios', 'Scenarios', 'viewer'),
  fixed('plan-scenario', '/planning/scenarios/high_demand', 'high demand'),
  fixed('analytics', '/analytics?period=30d', 'Analytics'),
  fixed('analytics-none', '/analytics?day=2001-01-01', 'Analytics'),
  { name: 'daily-report', path: `/reports/daily/${dayAgo(2)}`, title: /^Report of .+ · Millrace$/, heading: /^Report of / },
  fixed('exports', '/exports', 'Exports'),
  fixed('data', '/data', 'Data'),
  fixed('upload', '/data/import', 'Import a file'),
  { name: 'import', path: first('/data', '/data/import/'), title: /^Import #\d+ · Millrace$/, heading: /^Import #\d+$/ },
  fixed('jobs', '/jobs', 'Jobs'),
  { name: 'job', path: first('/jobs', '/jobs/'), title: / · Millrace$/, heading: /\S/ },
  fixed('jobs-act', '/jobs/act?action=retry&kind=no-such-job', 'Many runs at once'),
  fixed('queues', '/jobs/queues', 'Queues'),
  fixed('schedule', '/jobs/schedules/cleanup', 'Clean up what is past its keeping time'),
  fixed('schedules', '/jobs/schedules', 'Schedules'),
  fixed('cache', '/settings/cache', 'Kept figures'),
  fixed('fault-drill', '/overview/drill', 'Fault drill'),
  fixed('demo', '/settings/demo', 'Demo data'),
  fixed('search', '/search?q=a', 'Search'),
  fixed('account', '/account', 'Account'),
  fixed('tokens', '/account/tokens', 'API tokens'),
  fixed('settings', '/settings', 'Settings'),
  fixed('settings-planner', '/settings', 'Settings', 'planner'),
  fixed('audit', '/audit', 'Audit'),
  fixed('audit-none', '/audit?q=nobody-did-this', 'Audit'),
  { name: 'audit-entry', path: first('/audit', '/audit/'), title: /^[a-z_]+\.[a-z_]+ · Millrace$/, heading: /^[a-z_]+\.[a-z_]+$/ },
  fixed('users', '/settings/users', 'Users'),
  fixed('roles', '/settings/roles', 'Roles and rights'),
];
