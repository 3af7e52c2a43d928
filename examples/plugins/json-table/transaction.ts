import { UnavailableError } from 'gatehouse/kernel/errors';
import type { Branch, UnitOfWork } from 'gatehouse/kernel/unit';
import type { Prepared } from './file.ts';
import type { KeyLocks } from './key-locks.ts';
import { ChangedRows, type Changes, type Rows } from './rows.ts';

/** A table's part of a unit of work. */
export interface Transaction<Row> extends Branch {
  read<T>(work: (rows: ChangedRows<Row>) => T): T;
  write<T>(keys: readonly string[], work: (rows: ChangedRows<Row>) => T): Promise<T>;
}

interface TransactionParts<Row> {
  readonly unit: Pick<UnitOfWork, 'id' | 'timeout'>;
  readonly rows: Rows<Row>;
  readonly locks: KeyLocks;
  readonly patience: number;
  /** Keeps the changes where a crash cannot take them away, without making them count. */
  prepare(prepared: Prepared<Row>): Promise<void>;
  /** Makes prepared changes count. Never fails. */
  finish(prepared: Prepared<Row>): Promise<void>;
  /** Makes changes count that were not prepared, all of them or none. */
  commitAlone(changes: Changes<Row>): Promise<void>;
  /** Finds out what became of the unit of prepared changes, and finishes or forgets them. */
  decide(prepared: Prepared<Row>): Promise<void>;
}

export function beginTransaction<Row>(parts: TransactionParts<Row>): Transaction<Row> {
  const { unit, locks } = parts;
  const changed = new ChangedRows(parts.rows);
  let state: 'open' | 'ending' | 'ended' | 'given up' = 'open';
  let prepared: Prepared<Row> | null = null;

  const end = (how: 'ended' | 'given up') => {
    state = how;
    clearTimeout(timer);
    locks.release(changed);
  };
  // Whoever forgets his unit must not keep others waiting for ever.
  const timer = setTimeout(() => state === 'open' && end('given up'), unit.timeout);
  timer.unref();
  const refuseWhenOver = () => {
    if (state === 'given up')
      throw new UnavailableError(`A transaction took longer than ${unit.timeout} ms. Try again.`);
    if (state !== 'open') throw new Error('A store was used after its unit of work had ended.');
  };

  return {
    read(work) {
      refuseWhenOver();
      return work(changed);
    },
    async write(keys, work) {
      refuseWhenOver();
      await locks.hold(changed, keys, parts.patience);
      if (state !== 'open') locks.release(changed);
      refuseWhenOver();
      return work(changed);
    },
    async prepare() {
      refuseWhenOver();
      state = 'ending';
      if (!changed.isChanged()) return;
      const at = Date.now();
      const changes = { unit: unit.id, at, until: at + unit.timeout, ...changed.changes() };
      await parts.prepare(changes);
      prepared = changes;
    },
    async commit() {
      if (state !== 'ending') refuseWhenOver();
      state = 'ending';
      if (prepared) await parts.finish(prepared);
      else if (changed.isChanged()) await parts.commitAlone(changed.changes());
      end('ended');
    },
    async rollback() {
      if (state === 'ended' || state === 'given up') return;
      if (!prepared) {
        end('ended');
        return;
      }
      // The unit failed after this part was ready. Whether the log committed it is for the log to say; until it does,
      // nobody else may touch what it changed.
      void parts.decide(prepared).then(
        () => end('ended'),
        () => undefined,
      );
    },
  };
}
