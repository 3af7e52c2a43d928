import pg from 'pg';
import type { Broadcast } from '#kernel/broadcast.ts';
import { openUnits } from '#kernel/unit.ts';

/** Hears what the database's sessions tell each other. Notifications of changes have no payload: they only wake. */
export interface Notifier {
  /** Calls `wake` at every notification, and after times in which some may have been missed. */
  listen(channel: Channel, wake: () => void): Promise<() => Promise<void>>;
  /**
   * Texts between processes, outside all transactions: at most 7,000 bytes, and lost while the database is away. Null
   * for a database that belongs to one process.
   */
  readonly broadcast: Broadcast | null;
  close(): Promise<void>;
}

export const channels = ['gatehouse_appended', 'gatehouse_numbered', 'gatehouse_job_log'] as const;
export type Channel = (typeof channels)[number];

/** The one with payloads. */
const texts = 'gatehouse_texts';

/** What a session that listens does first. */
export const listenToAll = [...channels, texts].map((channel) => `LISTEN ${channel}`).join('; ');

type Wake = (payload: string) => void;

/** Who wants to be woken. */
function wakers() {
  const waiting = new Map<string, Set<Wake>>([...channels, texts].map((channel) => [channel, new Set()]));
  // A notification may arrive while this process is inside a unit of work; who is woken is not part of that unit.
  const call = (wake: Wake, payload: string) => openUnits.run(null, wake, payload);
  return {
    add(channel: string, wake: Wake): () => Promise<void> {
      // The same function may be given twice.
      const own: Wake = (payload) => wake(payload);
      waiting.get(channel)?.add(own);
      return async () => {
        waiting.get(channel)?.delete(own);
      };
    },
    wake: (channel: string, payload = '') => {
      for (const waker of waiting.get(channel) ?? []) call(waker, payload);
    },
    wakeAll() {
      for (const channel of channels) this.wake(channel);
    },
  };
}

/** On the pool's own session, which listens already: for the embedded database, which has no other. */
function onPool(pool: pg.Pool): Notifier {
  const list = wakers();
  pool.on('connect', (client) => client.on('notification', ({ channel }) => list.wake(channel)));
  return {
    listen: async (channel, wake) => list.add(channel, wake),
    broadcast: null,
    close: async () => {},
  };
}

const longestPause = 5_000;

/** On a connection of its own, opened when first needed and opened again when it breaks. */
function onServer(options: pg.ClientConfig): Notifier {
  const list = wakers();
  let client: pg.Client | null = null;
  let opening: Promise<void> | null = null;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function open(): Promise<void> {
    const fresh = new pg.Client(options);
    const lost = () => {
      if (client !== fresh) return;
      client = null;
      openLater(100);
    };
    fresh.on('error', lost);
    fresh.on('end', lost);
    fresh.on('notification', ({ channel, payload }) => list.wake(channel, payload));
    try {
      await fresh.connect();
      await fresh.query(listenToAll);
    } catch (error) {
      await fresh.end().catch(() => {});
      throw error;
    }
    if (closed) return fresh.end();
    client = fresh;
  }

  function openLater(pause: number): void {
    if (closed) return;
    retry = setTimeout(() => {
      // What happened meanwhile was not heard.
      open().then(list.wakeAll.bind(list), () => openLater(Math.min(pause * 2, longestPause)));
    }, pause);
    retry.unref();
  }

  async function listen(channel: string, wake: Wake): Promise<() => Promise<void>> {
    const stop = list.add(channel, wake);
    opening ??= openUnits.run(null, open).catch(() => openLater(100));
    await opening;
    return stop;
  }

  return {
    listen: (channel, wake) => listen(channel, wake),
    broadcast: {
      // One connection: in the order of the calls, and never behind the statements of a transaction.
      send(text) {
        client?.query('SELECT pg_notify($1, $2)', [texts, text]).catch(() => {});
      },
      listen: (heard) => listen(texts, heard),
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await opening;
      const last = client;
      client = null;
      await last?.end().catch(() => {});
    },
  };
}

export const listening = { onPool, onServer };
