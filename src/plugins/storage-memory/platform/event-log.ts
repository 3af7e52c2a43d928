import { randomBytes } from 'node:crypto';
import {
  type AppendedEvent,
  type EventFilter,
  type EventLogStore,
  type EventTopic,
  type EventVisibility,
  type LogState,
  matchesName,
  type StoredEvent,
} from '#kernel/event.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { type Facts, factValues, type ScopeGrant, type Visibility } from '#kernel/permission.ts';
import { anyOfEntry, placeEntry } from '#plugins/facts.ts';
import { defineTable, type Session, type Table, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';

interface Log {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  /** How many transactions have appended. */
  readonly turns: number;
}

type NumberedEvent = Omit<StoredEvent, 'epoch'>;

const logs = defineTable<Log>('eventLog');
/** The events of a transaction, by its turn. */
const outbox = defineTable<readonly AppendedEvent[]>('eventOutbox');
/** By sequence. */
const numbered = defineTable<NumberedEvent>('event');
/** Sequences by event id. */
const sequences = defineTable<number>('eventId');

/** The event log of one process: it begins a new epoch each time. */
export class MemoryEventLog implements EventLogStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async append(events: readonly AppendedEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.#session.run((tables) => {
      const log = logOf(tables);
      tables(outbox).set(String(log.turns), events.map(asKept));
      tables(logs).set('', { ...log, turns: log.turns + 1 });
    });
    await this.#session.notify('appended');
  }

  async number(limit: number): Promise<number> {
    const count = await this.#session.run((tables) => {
      const waiting = tables(outbox);
      let { head, ...log } = logOf(tables);
      const before = head;
      for (let turn = log.turns - waiting.size; turn < log.turns && head - before < limit; turn += 1) {
        for (const event of waiting.get(String(turn)) ?? []) {
          head += 1;
          tables(numbered).set(String(head), { ...event, sequence: head });
          tables(sequences).set(event.id, head);
        }
        waiting.delete(String(turn));
      }
      if (head > before) tables(logs).set('', { ...log, head });
      return head - before;
    });
    if (count > 0) await this.#session.notify('numbered');
    return count;
  }

  read(after: number, limit: number): Promise<StoredEvent[]> {
    return this.#session.run((tables) => {
      const { epoch, head } = logOf(tables);
      const found: StoredEvent[] = [];
      for (let sequence = after + 1; sequence <= head && found.length < limit; sequence += 1) {
        const event = tables(numbered).get(String(sequence));
        if (event) found.push({ ...event, epoch });
      }
      return found;
    });
  }

  getMany(ids: readonly string[]): Promise<(StoredEvent | null)[]> {
    return this.#session.run((tables) => {
      const { epoch } = logOf(tables);
      return ids.map((id) => {
        const event = tables(numbered).get(String(tables(sequences).get(id.toLowerCase())));
        return event ? { ...event, epoch } : null;
      });
    });
  }

  page(filter: EventFilter, visibility: EventVisibility, request: PageRequest) {
    return this.#session.run((tables) => {
      const { epoch } = logOf(tables);
      const rows = [...tables(numbered).values()]
        .filter((event) => matches(filter, event) && isSeen(visibility, event))
        .map((event): StoredEvent => ({ ...event, epoch }));
      return pageOfRows(rows, newestFirst, request);
    });
  }

  pages(
    topics: readonly EventTopic[],
    filter: EventFilter,
    visibility: EventVisibility,
    request: PageRequest,
  ): Promise<Page<StoredEvent>[]> {
    return this.#session.run((tables) => {
      const { epoch } = logOf(tables);
      const rows = [...tables(numbered).values()]
        .filter((event) => matches(filter, event) && isSeen(visibility, event))
        .map((event): StoredEvent => ({ ...event, epoch }));
      return topics.map((topic) => pageOfRows(rows.filter(isAbout(topic)), newestFirst, request));
    });
  }

  state(): Promise<LogState> {
    return this.#session.run((tables) => {
      const { epoch, head, floor } = logOf(tables);
      return { epoch, head, floor, oldestAt: tables(numbered).get(String(floor))?.occurredAt ?? null };
    });
  }

  countUnnumbered(): Promise<number> {
    return this.#session.run((tables) => [...tables(outbox).values()].reduce((sum, events) => sum + events.length, 0));
  }

  committed(units: readonly string[]): Promise<string[]> {
    return this.#session.run((tables) => {
      const waiting = [...tables(outbox).values()].flat();
      const known = new Set([...tables(numbered).values(), ...waiting].map(({ tx }) => tx));
      return [...new Set(units)].filter((unit) => known.has(unit));
    });
  }

  trim(before: { readonly live: string | null; readonly audit: string | null }): Promise<number> {
    return this.#session.run((tables) => {
      const log = logOf(tables);
      const old = [...tables(numbered).values()].filter(({ retain, occurredAt }) => {
        const limit = retain === 'LIVE' ? before.live : before.audit;
        return limit !== null && occurredAt < toMicroseconds(limit);
      });
      for (const event of old) {
        tables(numbered).delete(String(event.sequence));
        tables(sequences).delete(event.id);
      }
      const floor = Math.max(log.floor, ...lastOf(old));
      if (old.length > 0) tables(logs).set('', { ...log, floor });
      return floor;
    });
  }

  async renewEpoch(): Promise<string> {
    const epoch = newEpoch();
    await this.#session.run((tables) => tables(logs).set('', { ...logOf(tables), epoch }));
    await this.#session.notify('numbered');
    return epoch;
  }

  async listen(topic: 'appended' | 'numbered', wake: () => void): Promise<() => Promise<void>> {
    const stop = this.#session.listen(topic, wake);
    return async () => stop();
  }
}

const newestFirst: readonly RowKey<StoredEvent>[] = [
  { type: 'integer', descending: true, value: (event) => String(event.sequence) },
];

/** The log's one row, made when first asked for. */
function logOf(tables: Tables): Log {
  const table: Table<Log> = tables(logs);
  const log = table.get('') ?? { epoch: newEpoch(), head: 0, floor: 1, turns: 0 };
  if (!table.has('')) table.set('', log);
  return log;
}

const newEpoch = (): string =>
  Array.from(randomBytes(10), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join('');

/** As it comes back from any storage: JSON, and nobody else's to change. */
const asKept = (event: AppendedEvent): AppendedEvent =>
  JSON.parse(
    JSON.stringify({ ...event, data: event.data ?? null, before: event.before ?? null, after: event.after ?? null }),
  );

/** The number after the last, if there is one. */
const lastOf = (events: readonly NumberedEvent[]): number[] => {
  const last = events.at(-1);
  return last ? [last.sequence + 1] : [];
};

function matches({ names, subjects, scope, actor, from, to }: EventFilter, event: NumberedEvent): boolean {
  return (
    (!names || names.some((pattern) => matchesName(pattern, event.name))) &&
    (!subjects || (event.subject !== null && subjects.includes(event.subject))) &&
    (!scope || scope.some(({ kind, value }) => factValues(event.scope[kind]).includes(value))) &&
    (actor === undefined || event.actor.account === actor) &&
    (from === undefined || event.occurredAt >= toMicroseconds(from)) &&
    (to === undefined || event.occurredAt < toMicroseconds(to))
  );
}

function isAbout(topic: EventTopic): (event: NumberedEvent) => boolean {
  if ('subject' in topic) return ({ subject }) => subject === topic.subject;
  const place = anyOfEntry(topic.place.kind, topic.place.value);
  return ({ scope }) => placeEntry(scope) === place;
}

function isSeen(rules: EventVisibility, { name, scope }: NumberedEvent): boolean {
  if (rules === 'all') return true;
  return rules.some(
    (rule) =>
      rule.names.includes(name) &&
      ((rule.owner !== null && scope.account === rule.owner) || isSeenBy(rule.visibility, scope)),
  );
}

function isSeenBy(visibility: Visibility, scope: Facts): boolean {
  if (typeof visibility === 'string') return visibility === 'all';
  return visibility.allOf.every((grants) => isCovered(scope, grants));
}

/** A grant on one member of an any-of fact is enough; an all-of fact needs one for each member, and a member. */
function isCovered(scope: Facts, grants: readonly ScopeGrant[]): boolean {
  return Object.entries(scope).some(([kind, fact]) => {
    const covered = (value: string) => grants.some((grant) => grant.kind === kind && grant.value === value);
    if (typeof fact === 'string') return covered(fact);
    return 'all' in fact ? fact.all.length > 0 && fact.all.every(covered) : fact.some(covered);
  });
}

/** ISO 8601 with microseconds, so that instants compare as texts. */
function toMicroseconds(instant: string): string {
  const [, whole = instant, part = ''] = /^(.*?)(?:\.(\d{1,6}))?Z$/.exec(instant) ?? [];
  return `${whole}.${part.padEnd(6, '0')}Z`;
}
