import type pg from 'pg';

/** Milliseconds between two looks. */
const pause = 60_000;

/** How much of a table may have changed before it is tended, as PostgreSQL's own defaults have it. */
const someRows = 50;
const deadPart = 0.2;
const changedPart = 0.1;

/**
 * Does for the embedded database what a server's autovacuum does, which needs a process of its own: gives the space of
 * dead rows back, and keeps what the planner knows of tables fresh.
 * @param failed told of an upkeep that failed; the next one comes as always.
 * @returns how to stop.
 */
export function keepUp(pool: pg.Pool, failed: (error: Error) => void): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = tendOneTable(pool).catch(failed);
  }, pause);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

interface Need {
  readonly name: string;
  readonly vacuum: boolean;
}

/** Tends the table that needs it most. One at a time: everybody else waits meanwhile. */
export async function tendOneTable(pool: pg.Pool): Promise<string | null> {
  const { rows } = await pool.query<Need>(
    `SELECT format('%I.%I', schemaname, stat.relname) AS name, n_dead_tup > $1 + $2 * live AS vacuum
     FROM pg_stat_user_tables AS stat
     JOIN pg_class ON pg_class.oid = relid, greatest(reltuples, 0) AS live
     WHERE n_dead_tup > $1 + $2 * live OR n_mod_since_analyze > $1 + $3 * live
     ORDER BY n_dead_tup > $1 + $2 * live DESC, greatest(n_dead_tup, n_mod_since_analyze) DESC LIMIT 1`,
    [someRows, deadPart, changedPart],
  );
  const [need] = rows;
  if (!need) return null;
  await pool.query(`${need.vacuum ? 'VACUUM (ANALYZE)' : 'ANALYZE'} ${need.name}`);
  return need.name;
}
