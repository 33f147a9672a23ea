// The servers under test, as scripts/e2e-server starts them, and where their files are.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const REPOSITORY = resolve(import.meta.dirname, '../..');

export interface Server {
  port: number;
  /** `http://127.0.0.1:port`, without a slash at the end. */
  origin: string;
  dataDir: string;
}

function server(port: number): Server {
  return { port, origin: `http://127.0.0.1:${port}`, dataDir: `/tmp/millrace-e2e-${process.getuid?.() ?? 0}-${port}` };
}

/** Has the demo world. */
export const DEMO = server(Number(process.env.E2E_PORT ?? 8100));
/** Has nothing, as after an installation; takes the real file. */
export const EMPTY = server(DEMO.port + 1);

/** 209,029 lines of a real shop, or undefined where the shared data is not at hand. */
export const REAL_FILE: string | undefined = (() => {
  const data = process.env.MILLRACE_SHARED_DATA ?? resolve(REPOSITORY, '../shared/data');
  const file = join(data, 'transactions/online_retail_2010-12_2011-05.csv.gz');
  return existsSync(file) ? file : undefined;
})();

export type Role = 'admin' | 'planner' | 'viewer';
export const ROLES: readonly Role[] = ['admin', 'planner', 'viewer'];

/** Workers, and with them the sessions of each role. */
export const SEATS = 2;

/**
 * Where the cookies of a signed-in role are kept during one run. Each worker has sessions of its own: what a
 * refused form brings back is kept in the session, and another worker's page would take it.
 */
export function stateOf(role: Role, seat: number): string {
  return resolve(import.meta.dirname, `../test-results/roles/${role}-${seat}.json`);
}

/** The demo log-in of `role`; the server writes them to its data folder. */
export function logIn(role: Role): { name: string; password: string } {
  const text = readFileSync(join(DEMO.dataDir, 'demo-logins.txt'), 'utf8');
  for (const line of text.split('\n')) {
    const [, name, password] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    if (name?.startsWith(`${role}@`) && password) return { name, password };
  }
  throw new Error(`demo-logins.txt holds no log-in of ${role}`);
}

/** Where the new installation's first administrator is made; its server prints the link. */
export function setUpPath(): string {
  const found = /\/setup\?link=[A-Za-z0-9_-]+/.exec(readFileSync(`${EMPTY.dataDir}.log`, 'utf8'));
  if (!found) throw new Error('the server printed no set-up link');
  return found[0];
}

/** Stops or starts the Postgres under the new installation, as an operator would. */
export async function database(act: 'start' | 'stop'): Promise<void> {
  const millrace = join(process.env.CARGO_TARGET_DIR ?? join(REPOSITORY, 'target'), 'release/millrace');
  const { DATABASE_URL: _, ...env } = process.env;
  await promisify(execFile)(millrace, ['db', act], { env: { ...env, MILLRACE_DATA_DIR: EMPTY.dataDir } });
}
