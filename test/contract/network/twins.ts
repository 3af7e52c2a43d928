/** Every list of every store is the same in SQL and in memory, for any data, filter, order, rights and page. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest, Position } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import type { Order } from '#resolvers/network/list.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { openMemoryStorage, openPrismaStorage } from '../harness.ts';
import type { TestStorage, Use } from '../suite.ts';

export const sites = [newId(), newId(), newId()];
export const order: fc.Arbitrary<Order> = fc.record({
  by: fc.constantFrom('CREATED', 'NATURAL'),
  direction: fc.constantFrom('ASC', 'DESC'),
});
export const paging = fc.record({
  limit: fc.integer({ min: 0, max: 5 }),
  direction: fc.constantFrom<'forward' | 'backward'>('forward', 'backward'),
  offset: fc.integer({ min: 0, max: 3 }),
  after: fc.option(fc.nat(30)),
  before: fc.option(fc.nat(30)),
});
interface Paging {
  readonly limit: number;
  readonly direction: 'forward' | 'backward';
  readonly offset: number;
  readonly after: number | null;
  readonly before: number | null;
}

/** Grants on some of the things, on Sites, and on kinds. */
export const grantsOn = (kind: string, count: number) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<null>(null) },
    {
      weight: 3,
      arbitrary: fc.array(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant(kind), value: fc.nat(count) }),
            fc.record({ kind: fc.constant('site'), value: fc.constantFrom(...sites) }),
            fc.record({
              kind: fc.constant('site'),
              value: fc.constantFrom(`${sites[0]}/${kind}`, `${sites[1]}/other`),
            }),
            fc.record({ kind: fc.constant('kind'), value: fc.constantFrom(kind, 'other') }),
          ),
          { maxLength: 3 },
        ),
        { minLength: 1, maxLength: 2 },
      ),
    },
  );
export type Grants = { kind: string; value: string | number }[][] | null;

export function toVisibility(grants: Grants, rows: readonly { id: string }[]): Visibility {
  if (!grants) return 'all';
  return {
    allOf: grants.map((list) =>
      list.map(({ kind, value }) => ({
        kind,
        value: typeof value === 'number' ? (rows[value % Math.max(rows.length, 1)]?.id ?? newId()) : value,
      })),
    ),
  };
}

export function toRequest(paging: Paging, positions: readonly Position[]): PageRequest {
  const at = (index: number | null) =>
    index === null ? null : (positions[index % Math.max(positions.length, 1)] ?? null);
  return { ...paging, after: at(paging.after), before: at(paging.before) };
}

/** The memory and the embedded database of a test file, opened and closed with it. */
export class Twins {
  #memory: TestStorage | null = null;
  #embedded: TestStorage | null = null;

  get memory(): TestStorage {
    return this.#memory ?? expect.unreachable('The storages are open while tests run.');
  }

  get embedded(): TestStorage {
    return this.#embedded ?? expect.unreachable('The storages are open while tests run.');
  }

  async open(): Promise<void> {
    this.#memory = await openMemoryStorage();
    this.#embedded = await openPrismaStorage(embeddedDatabase);
  }

  async close(): Promise<void> {
    await this.#embedded?.close();
  }

  async both<T>(work: (use: Use) => Promise<T>): Promise<[T, T]> {
    return [await work(this.memory.use), await work(this.embedded.use)];
  }

  /** Puts the same into both, in place of what they held. */
  async fill(insert: (use: Use) => Promise<unknown>): Promise<void> {
    await Promise.all([this.memory.clear(), this.embedded.clear()]);
    const [one, other] = await this.both(insert);
    expect(other).toEqual(one);
  }
}

export const shown = async (page: {
  items: unknown;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  count(): Promise<number>;
}) => ({
  items: page.items,
  hasNextPage: page.hasNextPage,
  hasPreviousPage: page.hasPreviousPage,
  count: await page.count(),
});
