import type { EventLogStore } from 'gatehouse/kernel/event';
import { newId } from 'gatehouse/kernel/id';
import type { Logger } from 'gatehouse/kernel/log';
import { openUnits, type Participant, type UnitOfWork } from 'gatehouse/kernel/unit';
import type { z } from 'zod';
import { type Prepared, tableFiles } from './file.ts';
import { createKeyLocks } from './key-locks.ts';
import { ChangedRows, type Changes, type RowForm, Rows } from './rows.ts';
import { beginTransaction, type Transaction } from './transaction.ts';

/** How a store reaches the table, in a unit of work or outside all of them. */
export interface Session<Row> {
  /** Reads what is committed and, inside a unit, what the unit wrote. */
  read<T>(work: (rows: ChangedRows<Row>) => T): Promise<T>;
  /**
   * Changes rows. The keys are the unit's own until it ends; who else wants one of them waits.
   * @param keys of everything that `work` reads to decide what it writes.
   */
  write<T>(keys: readonly string[], work: (rows: ChangedRows<Row>) => T): Promise<T>;
}

/** A table of rows that is kept in a JSON file and takes part in units of work. For one process. */
export interface JsonTable<Row> {
  session(unit: UnitOfWork | null): Session<Row>;
  /** @throws Error when something that was committed cannot be written to the file. */
  check(): Promise<void>;
  /** Ends what is under way. Units that are prepared stay so, for the next start. */
  close(): Promise<void>;
}

export interface TableOptions<Row> {
  readonly path: string;
  readonly row: z.ZodType<Row>;
  readonly form: RowForm<Row>;
  /** Decides about units of work that a crash left prepared. */
  readonly eventLog: Pick<EventLogStore, 'committed'>;
  /** Milliseconds that a unit waits for a key that another one has. */
  readonly patience: number;
  readonly log: Logger;
}

/** How often the event log is asked about a unit that it does not know yet, in milliseconds. */
const askAgain = 200;

/** Opens the table and decides about every unit of work that a crash left prepared. */
export async function openTable<Row>(options: TableOptions<Row>): Promise<JsonTable<Row>> {
  const { eventLog, log } = options;
  const files = tableFiles(options.path, options.row);
  const rows = new Rows(options.form);
  const finished = new Set<string>();
  const locks = createKeyLocks();
  const closing = new AbortController();
  let lastWrite: Promise<void> = Promise.resolve();
  let isBehind = false;

  /** Writes come one after another. Those that are asked for while one waits for its turn are one. */
  let waiting: Promise<void> | null = null;
  const save = (): Promise<void> => {
    waiting ??= inTurn(async () => {
      waiting = null;
      await files.write({ rows: [...rows.values()], finished: [...finished] });
      isBehind = false;
    });
    return waiting;
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = lastWrite.then(work);
    lastWrite = turn.catch(() => undefined);
    return turn;
  };

  /** The log has the unit: its changes hold, even when the disk refuses them for now. */
  const finish = async ({ unit, ...changes }: Pick<Prepared<Row>, 'unit' | 'put' | 'gone'>) => {
    rows.apply(changes);
    finished.add(unit);
    try {
      await save();
      await files.removePrepared(unit);
      finished.delete(unit);
    } catch (error) {
      isBehind = true;
      log.error({ err: error, unit }, 'A committed change is not in the JSON file yet. Its prepared file has it.');
    }
  };

  /** Asks the log until it knows the unit or the unit's time is over. */
  const decide = async (prepared: Prepared<Row>): Promise<void> => {
    for (;;) {
      const known = await eventLog.committed([prepared.unit]).catch((error: unknown) => {
        log.warn({ err: error, unit: prepared.unit }, 'The event log could not be asked about a prepared change.');
        return null;
      });
      if (known?.length) return finish(prepared);
      if (known && Date.now() >= prepared.until) return files.removePrepared(prepared.unit);
      await new Promise((resolve) => setTimeout(resolve, askAgain));
      if (closing.signal.aborted) throw new Error('The table was closed.');
    }
  };

  const kept = await files.read();
  rows.apply({ put: kept.rows, gone: [] });
  for (const prepared of await files.readPrepared()) {
    if (kept.finished.includes(prepared.unit)) await files.removePrepared(prepared.unit);
    else await decide(prepared);
  }

  const begin = (unit: Pick<UnitOfWork, 'id' | 'timeout'>): Transaction<Row> =>
    beginTransaction({
      unit,
      rows,
      locks,
      patience: Math.min(options.patience, unit.timeout),
      prepare: files.writePrepared,
      finish,
      async commitAlone(changes: Changes<Row>) {
        await inTurn(async () => {
          await files.write({ rows: rows.with(changes), finished: [...finished] });
          rows.apply(changes);
        });
      },
      // In its own time, and outside of the unit, which waits for nothing any more.
      decide: (prepared) => openUnits.run(null, () => decide(prepared)),
    });
  const participant: Participant<Transaction<Row>> = { name: options.path, begin: async (unit) => begin(unit) };

  const outside: Session<Row> = {
    async read(work) {
      refuseInsideUnit();
      return work(new ChangedRows(rows));
    },
    async write(keys, work) {
      refuseInsideUnit();
      const transaction = begin({ id: newId(), timeout: options.patience });
      try {
        const value = await transaction.write(keys, work);
        await transaction.commit();
        return value;
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
  };
  return {
    session: (unit) =>
      unit
        ? {
            read: async (work) => (await unit.enlist(participant)).read(work),
            write: async (keys, work) => (await unit.enlist(participant)).write(keys, work),
          }
        : outside,
    async check() {
      if (isBehind) await save();
    },
    async close() {
      closing.abort();
      await lastWrite;
    },
  };
}

/** It would be a transaction of its own, which the unit could not roll back. */
function refuseInsideUnit(): void {
  if (openUnits.getStore())
    throw new Error('A store of an outer context was used inside ctx.atomically. Use the context that it passes in.');
}
