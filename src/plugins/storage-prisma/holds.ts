import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Hold } from '#kernel/leases.ts';
import { openUnits } from '#kernel/unit.ts';

/** Names that one session of the database at a time holds. */
export type Holds = (name: string, signal: AbortSignal) => Promise<Hold | null>;

/** Milliseconds between two attempts to get a name, and between two looks at whether the session still lives. */
const retry = 500;
const look = 5000;

/**
 * Names held by sessions of a server: each on a connection of its own, with whose end the server frees it. A connection
 * that breaks while it waits is opened again.
 */
export function serverHolds(options: pg.ClientConfig): Holds {
  return (name, signal) =>
    openUnits.run(null, async () => {
      while (!signal.aborted) {
        const session = await openSession(options).catch(() => null);
        const hold = session && (await take(session, name, signal));
        if (hold) return hold;
        await session?.end();
        await pause(retry, undefined, { signal, ref: false }).catch(() => undefined);
      }
      return null;
    });
}

interface HoldingSession {
  readonly client: pg.Client;
  readonly lost: AbortController;
  end(): Promise<void>;
}

async function openSession(options: pg.ClientConfig): Promise<HoldingSession> {
  const client = new pg.Client({ ...options, query_timeout: look, connectionTimeoutMillis: look });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  const end = () => client.end().catch(() => undefined);
  try {
    await client.connect();
    return { client, lost, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Null when the waiting was ended, or the session broke meanwhile. */
async function take(session: HoldingSession, name: string, signal: AbortSignal): Promise<Hold | null> {
  const { client, lost, end } = session;
  try {
    while (!signal.aborted && !lost.signal.aborted) {
      const { rows } = await client.query<{ held: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
        [`gatehouse:${name}`],
      );
      if (rows[0]?.held) return { lost: lost.signal, release: watch(session) };
      await pause(retry, undefined, { signal: AbortSignal.any([signal, lost.signal]), ref: false }).catch(
        () => undefined,
      );
    }
  } catch {
    lost.abort();
  }
  await end();
  return null;
}

/** A session that does not answer may have ended on the server's side: then the name is another's. */
function watch({ client, lost, end }: HoldingSession): () => Promise<void> {
  const timer = setInterval(() => {
    client.query('SELECT 1').catch(() => {
      lost.abort();
      void end();
    });
  }, look);
  timer.unref();
  lost.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return async () => {
    clearInterval(timer);
    await end();
  };
}
