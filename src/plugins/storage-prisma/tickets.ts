import { setTimeout as pause } from 'node:timers/promises';
import { PgBoss } from 'pg-boss';
import type { Ticket, TicketQueue } from '#kernel/tickets.ts';
import { openUnits } from '#kernel/unit.ts';
import { batchSize, earliest, refuseInsideUnit, retryAfter } from '#plugins/ticket-list.ts';

/** The connections of a database, as node-postgres has them. */
export interface SqlPool {
  query(text: string, values?: unknown[]): Promise<SqlResult | SqlResult[]>;
}

interface SqlResult {
  // biome-ignore lint/suspicious/noExplicitAny: the rows of any statement
  readonly rows: any[];
}

export interface PgBossOptions {
  readonly pool: SqlPool;
  /** Whether the pool has the one session of a database in this process. */
  readonly embedded: boolean;
  /** Milliseconds between two looks when nothing wakes this process. */
  readonly poll?: number;
  /** Told what a consumer threw, and what goes wrong while nobody waits for an answer. */
  readonly failed: (error: unknown, topic: string | null) => void;
}

/** A schema of its own beside Gatehouse's tables. */
const schema = 'gatehouse_queue';

/** How long a process may keep a ticket before it is taken for dead, in seconds. */
const expireInSeconds = 60;

/**
 * Tickets that pg-boss keeps, on the pool of the database. It is started when it is first needed: a command that puts
 * nothing never makes its tables.
 */
export class PgBossTickets implements TicketQueue {
  readonly #options: PgBossOptions;
  readonly #consumers = new Set<Consumer>();
  readonly #topics = new Map<string, Promise<void>>();
  #boss: Promise<PgBoss> | null = null;
  #closed = false;

  constructor(options: PgBossOptions) {
    this.#options = options;
  }

  async put(topic: string, tickets: readonly Ticket[]): Promise<void> {
    refuseInsideUnit();
    if (tickets.length === 0) return;
    const boss = await this.#open(topic);
    let open = earliest(tickets);
    // A ticket that waited may be consumed between the two looks: then it is put after all.
    while (open.length > 0) {
      const jobs = open.map(({ key, runAt }) => ({
        data: { key },
        singletonKey: key,
        startAfter: new Date(runAt),
      }));
      const put = await boss.insert(topic, jobs, { returnId: true });
      if (put?.length === open.length) break;
      const waiting = new Set(await this.#bringForward(topic, open));
      open = open.filter(({ key }) => !waiting.has(key));
    }
    this.#wake(
      topic,
      earliest(tickets).map(({ runAt }) => runAt),
    );
  }

  async cancel(topic: string, keys: readonly string[]): Promise<void> {
    refuseInsideUnit();
    if (keys.length === 0) return;
    await this.#open(topic);
    await this.#options.pool.query(
      `DELETE FROM ${schema}.job WHERE name = $1 AND singleton_key = ANY ($2::text[]) AND state < 'active'`,
      [topic, keys],
    );
  }

  async consume(topic: string, fn: (keys: readonly string[]) => Promise<void>): Promise<() => Promise<void>> {
    const boss = await this.#open(topic);
    const consumer = new Consumer(topic, this.#options.poll ?? 1000);
    this.#consumers.add(consumer);
    const done = openUnits.run(null, () => this.#run(boss, consumer, fn));
    const stop = async () => {
      this.#consumers.delete(consumer);
      consumer.stop();
      await done;
    };
    consumer.end = stop;
    return stop;
  }

  /** Ends consuming; no ticket is lost. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.end()));
    const boss = await this.#boss?.catch(() => null);
    await boss?.stop({ graceful: true, timeout: 5000 });
  }

  async #run(boss: PgBoss, consumer: Consumer, fn: (keys: readonly string[]) => Promise<void>): Promise<void> {
    const { topic } = consumer;
    while (!consumer.stopped) {
      try {
        const found = await boss.fetch<{ key: string }>(topic, { batchSize });
        if (found.length === 0) {
          await consumer.rest();
          continue;
        }
        const keys = found.map(({ data }) => data.key);
        try {
          await fn(keys);
        } catch (error) {
          this.#options.failed(error, topic);
          const runAt = Date.now() + retryAfter;
          await this.put(
            topic,
            keys.map((key) => ({ key, runAt })),
          );
        }
        await boss.deleteJob(
          topic,
          found.map(({ id }) => id),
        );
      } catch (error) {
        // The database is away: what was fetched comes again when it expires.
        this.#options.failed(error, topic);
        await consumer.rest();
      }
    }
  }

  /** Makes waiting tickets due at the given time where that is earlier. Answers whose tickets wait. */
  async #bringForward(topic: string, tickets: readonly Ticket[]): Promise<string[]> {
    const keys = tickets.map(({ key }) => key);
    await this.#options.pool.query(
      `UPDATE ${schema}.job SET start_after = given.run_at
       FROM unnest($2::text[], $3::timestamptz[]) AS given(key, run_at)
       WHERE name = $1 AND singleton_key = given.key AND state < 'active' AND start_after > given.run_at`,
      [topic, keys, tickets.map(({ runAt }) => new Date(runAt).toISOString())],
    );
    const { rows } = rowsOf(
      await this.#options.pool.query(
        `SELECT singleton_key AS key FROM ${schema}.job
       WHERE name = $1 AND singleton_key = ANY ($2::text[]) AND state < 'active'`,
        [topic, keys],
      ),
    );
    return rows.map(({ key }) => key);
  }

  /** Whoever consumes in this process need not wait for the next look. */
  #wake(topic: string, times: readonly number[]): void {
    const first = Math.min(...times);
    for (const consumer of this.#consumers) if (consumer.topic === topic) consumer.wakeAt(first);
  }

  async #open(topic: string): Promise<PgBoss> {
    if (this.#closed) throw new Error('The queue was used after its end.');
    this.#boss ??= openUnits.run(null, () => start(this.#options));
    const starting = this.#boss;
    const boss = await starting.catch((error) => {
      // Whoever comes next tries again.
      if (this.#boss === starting) this.#boss = null;
      throw error;
    });
    const made = this.#topics.get(topic) ?? makeTopic(boss, topic);
    this.#topics.set(topic, made);
    await made.catch((error) => {
      this.#topics.delete(topic);
      throw error;
    });
    return boss;
  }
}

/** One loop over one topic, with its rests. */
class Consumer {
  readonly topic: string;
  end: () => Promise<void> = async () => {};
  readonly #poll: number;
  #stopped = new AbortController();
  #awake = new AbortController();
  #woken = false;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(topic: string, poll: number) {
    this.topic = topic;
    this.#poll = poll;
  }

  get stopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#awake.abort();
  }

  wakeAt(time: number): void {
    const now = Date.now();
    if (time <= now) {
      this.#woken = true;
      this.#awake.abort();
      return;
    }
    if (time >= this.#wakeAt || time > now + this.#poll) return;
    this.#wakeAt = time;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.wakeAt(Date.now());
    }, time - now);
    this.#timer.unref();
  }

  async rest(): Promise<void> {
    if (this.#woken || this.stopped) {
      this.#woken = false;
      return;
    }
    this.#awake = new AbortController();
    await pause(this.#poll, undefined, { signal: this.#awake.signal, ref: false }).catch(() => undefined);
    this.#woken = false;
  }
}

async function start({ pool, embedded, failed }: PgBossOptions): Promise<PgBoss> {
  const boss = new PgBoss({
    schema,
    backend: embedded ? 'pglite' : 'postgres',
    schedule: false,
    reindex: !embedded,
    monitorVacuum: false,
    persistWarnings: false,
    db: { executeSql: async (text, values) => rowsOf(await pool.query(text, values as unknown[])) },
  });
  boss.on('error', (error) => failed(error, null));
  await boss.start();
  return boss;
}

/** Several statements at once answer with a list of results; the last one with rows counts. */
function rowsOf(result: SqlResult | SqlResult[]): SqlResult {
  if (!Array.isArray(result)) return result;
  return result.findLast(({ rows }) => rows.length > 0) ?? { rows: [] };
}

/** The policy `short` keeps one waiting ticket of each key. */
const makeTopic = (boss: PgBoss, topic: string): Promise<void> =>
  boss.createQueue(topic, { policy: 'short', expireInSeconds, retryLimit: 1_000_000, retryDelay: 1, notify: false });
