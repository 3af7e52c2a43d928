import { UnavailableError } from '#kernel/errors.ts';
import type { Hold } from '#kernel/leases.ts';
import { type Branch, openUnits, type Participant, type UnitOfWork } from '#kernel/unit.ts';
import { localHolds } from '#plugins/local-holds.ts';

/**
 * A table is named by its own definition, so a store can hold it as a constant and two databases never share rows.
 * Rows are values: a store sets a new one and never changes one it got.
 */
export interface TableDefinition<Row> {
  readonly name: string;
  /** Never set: carries the type. */
  readonly row?: Row;
}

export function defineTable<Row>(name: string): TableDefinition<Row> {
  return { name };
}

/** Rows by key. Iterates in the order in which keys were first set. */
export interface Table<Row> {
  readonly size: number;
  get(key: string): Row | undefined;
  has(key: string): boolean;
  values(): IterableIterator<Row>;
  set(key: string, row: Row): void;
  delete(key: string): boolean;
}

/** The tables of one transaction. */
export type Tables = <Row>(definition: TableDefinition<Row>) => Table<Row>;

/** How a store reaches the database. */
export interface Session {
  /**
   * Does something at once: reads what is committed and, inside a unit, what the unit wrote. Outside a unit the writes
   * of one call are kept together or, when it throws, not at all.
   *
   * Writers wait for each other: from its first use on, a unit is the only one that writes.
   * @param work does not wait for anything, and may be called twice.
   * @throws UnavailableError when the unit before it takes too long.
   */
  run<T>(work: (tables: Tables) => T): Promise<T>;
  /** Wakes who listens to the channel once what `run` writes is committed. */
  notify(channel: string): Promise<void>;
  /** @returns how to stop. */
  listen(channel: string, wake: () => void): () => void;
  /** Waits until nobody else holds the name. */
  hold(name: string, signal: AbortSignal): Promise<Hold | null>;
}

export interface MemoryDatabase {
  session(unit: UnitOfWork | null): Session;
}

/** @param timeout milliseconds that a call outside all units waits for its turn. */
export function openMemory(timeout = 15_000): MemoryDatabase {
  const committed = new Map<TableDefinition<unknown>, Map<string, unknown>>();
  const turns = takeTurns();
  const signals = openSignals();
  const hold = localHolds();

  const participant: Participant<Transaction> = {
    name: 'storage-memory',
    async begin(unit) {
      const giveBack = await turns.take(unit.timeout);
      return beginTransaction(committed, giveBack, unit.timeout);
    },
  };

  const outside: Session = {
    async run(work) {
      if (openUnits.getStore())
        throw new Error('A store of an outer context was used inside ctx.atomically. Use the context it passes in.');
      if (turns.taken()) {
        // Who only reads need not wait. Who turns out to write does it again when his turn has come.
        const glance = beginTransaction(committed, () => {}, timeout);
        const value = work(glance.tables);
        await glance.rollback();
        if (!glance.hasWritten()) return value;
      }
      const transaction = beginTransaction(committed, await turns.take(timeout), timeout);
      try {
        const value = work(transaction.tables);
        await transaction.commit();
        return value;
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
    notify: async (channel) => signals.notify(channel),
    listen: signals.listen,
    hold,
  };
  return {
    session: (unit) =>
      unit
        ? {
            run: async (work) => work((await unit.enlist(participant)).tables),
            notify: async (channel) => {
              (await unit.enlist(participant)).whenCommitted.push(() => signals.notify(channel));
            },
            listen: signals.listen,
            hold,
          }
        : outside,
  };
}

function openSignals() {
  const wakers = new Map<string, Set<() => void>>();
  return {
    listen(channel: string, wake: () => void): () => void {
      // The same function may be given twice.
      const own = () => wake();
      const all = wakers.get(channel) ?? new Set();
      wakers.set(channel, all.add(own));
      return () => all.delete(own);
    },
    /** Later, as with a database: nobody is woken inside the call that wakes him, nor as a part of its unit. */
    notify(channel: string): void {
      for (const wake of wakers.get(channel) ?? []) openUnits.run(null, () => setImmediate(wake));
    },
  };
}

interface Transaction extends Branch {
  readonly tables: Tables;
  readonly whenCommitted: (() => void)[];
  hasWritten(): boolean;
}

type Rows = Map<string, unknown>;

function beginTransaction(
  committed: Map<TableDefinition<unknown>, Rows>,
  giveBack: () => void,
  timeout: number,
): Transaction {
  const changed = new Map<TableDefinition<unknown>, ChangedTable<unknown>>();
  const whenCommitted: (() => void)[] = [];
  let over: 'committed' | 'rolled back' | 'given up' | null = null;

  const end = (how: NonNullable<typeof over>) => {
    over = how;
    clearTimeout(timer);
    giveBack();
  };
  const timer = setTimeout(() => end('given up'), timeout);
  timer.unref();
  const refuseWhenOver = () => {
    if (over === 'given up') throw new UnavailableError(`A transaction took longer than ${timeout} ms. Try again.`);
    if (over) throw new Error(`A store was used after its unit of work was ${over}.`);
  };

  return {
    whenCommitted,
    hasWritten: () => [...changed.values()].some((table) => table.isChanged()),
    tables<Row>(definition: TableDefinition<Row>) {
      refuseWhenOver();
      const rows = committed.get(definition) ?? new Map<string, unknown>();
      committed.set(definition, rows);
      const table = changed.get(definition) ?? new ChangedTable(rows);
      changed.set(definition, table);
      return table as Table<Row>;
    },
    async commit() {
      refuseWhenOver();
      for (const table of changed.values()) table.keep();
      end('committed');
      for (const fn of whenCommitted) fn();
    },
    async rollback() {
      if (!over) end('rolled back');
    },
  };
}

/** Rows with changes on top, which nobody else sees until they are kept. */
class ChangedTable<Row> implements Table<Row> {
  readonly #rows: Map<string, Row>;
  readonly #changes = new Map<string, Row>();
  readonly #deleted = new Set<string>();
  #added = 0;

  constructor(rows: Map<string, Row>) {
    this.#rows = rows;
  }

  get size(): number {
    return this.#rows.size + this.#added - this.#deleted.size;
  }

  get(key: string): Row | undefined {
    if (this.#deleted.has(key)) return undefined;
    return this.#changes.has(key) ? this.#changes.get(key) : this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *values(): IterableIterator<Row> {
    for (const [key, row] of this.#rows) {
      if (!this.#deleted.has(key)) yield this.#changes.get(key) ?? row;
    }
    for (const [key, row] of this.#changes) if (!this.#rows.has(key)) yield row;
  }

  set(key: string, row: Row): void {
    if (!this.#rows.has(key) && !this.#changes.has(key)) this.#added += 1;
    this.#deleted.delete(key);
    this.#changes.set(key, row);
  }

  delete(key: string): boolean {
    if (!this.has(key)) return false;
    if (this.#changes.delete(key) && !this.#rows.has(key)) this.#added -= 1;
    if (this.#rows.has(key)) this.#deleted.add(key);
    return true;
  }

  isChanged(): boolean {
    return this.#changes.size > 0 || this.#deleted.size > 0;
  }

  keep(): void {
    for (const key of this.#deleted) this.#rows.delete(key);
    for (const [key, row] of this.#changes) this.#rows.set(key, row);
  }
}

/** One at a time, in the order of asking. */
function takeTurns() {
  const waiting: (() => void)[] = [];
  let taken = false;
  const next = () => {
    const first = waiting.shift();
    if (first) first();
    else taken = false;
  };
  return {
    taken: () => taken,
    /** @returns how to give the turn back. */
    async take(timeout: number): Promise<() => void> {
      if (taken) await wait(waiting, timeout);
      taken = true;
      return next;
    },
  };
}

function wait(waiting: (() => void)[], timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const granted = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(granted), 1);
      reject(new UnavailableError('The storage was busy for too long. Try again.'));
    }, timeout);
    waiting.push(granted);
  });
}
