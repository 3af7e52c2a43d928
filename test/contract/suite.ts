/**
 * What the contract suites are made of. A suite is a function `(name, open)` of claims that hold for every provider of
 * a port: who writes a provider of his own calls it with a way to open his.
 */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Gateway } from '#gateway';
import type { Port } from '#kernel/port.ts';

/** Gives the store behind a port. */
export type Use = <T extends object>(port: Port<T>) => T;

/** A storage under test. */
export interface TestStorage {
  /** Stores outside all units of work. */
  readonly use: Use;
  /** Runs work in a unit of work, which a failure of the work rolls back. */
  atomically<T>(work: (use: Use) => Promise<T>, timeout?: number): Promise<T>;
  /** How many SQL statements the work sent; null where there are none to count. */
  countStatements(work: () => Promise<unknown>): Promise<number | null>;
  /** Forgets everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export type OpenStorage = () => Promise<TestStorage>;

export type ContractSuite = (name: string, open: OpenStorage) => void;

/** One storage for all tests of a `describe`, empty at the start of each. */
export function sharedStorage(open: OpenStorage): TestStorage {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await open();
  }, 60_000);
  beforeEach(() => storage.clear());
  afterAll(() => storage?.close());
  return {
    get use() {
      return storage.use;
    },
    atomically: (work, timeout) => storage.atomically(work, timeout),
    countStatements: (work) => storage.countStatements(work),
    clear: () => storage.clear(),
    close: () => storage.close(),
  };
}

/**
 * The storage of a whole gateway, whichever plugins provide it.
 * @param start gives a gateway whose stores are empty, each time it is called.
 */
export async function gatewayStorage(start: () => Promise<Gateway>): Promise<TestStorage> {
  let gateway = await start();
  return {
    use: (port) => gateway.context().use(port),
    atomically: (work, timeout) =>
      gateway.context().atomically((ctx) => work(ctx.use), timeout === undefined ? {} : { timeout }),
    async countStatements(work) {
      await work();
      return null;
    },
    async clear() {
      await gateway.dispose();
      gateway = await start();
    },
    close: () => gateway.dispose(),
  };
}
