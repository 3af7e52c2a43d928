import { matchesLogic, matchesText } from '#kernel/filter.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, pageOfRows } from '#plugins/storage-memory/page.ts';
import { hookTable } from '#plugins/storage-memory/platform/hooks.ts';
import {
  type DeliveryClaim,
  type DeliveryOutcome,
  type DeliveryState,
  type HeldDelivery,
  type HookAttempt,
  type HookDelivery,
  type HookDeliveryFilter,
  type HookDeliveryStore,
  type HookDeliveryTerms,
  mostAttempts,
  type NewHookDelivery,
  openStates,
  undelivered,
} from '#resolvers/platform/hooks/delivery.ts';
import type { Hook } from '#resolvers/platform/hooks/hook.ts';

interface Row extends HookDelivery {
  /** By the storage's own clock. */
  readonly lease: { readonly fence: string; readonly expiresAt: number } | null;
}

const deliveryTable = defineTable<Row>('hook_delivery');
/** Ids by hook and event. */
const keyTable = defineTable<string>('hook_delivery_key');
/** By id of the delivery. */
const attemptTable = defineTable<readonly HookAttempt[]>('hook_attempt');

const keyOf = ({ hookId, eventId }: Pick<HookDelivery, 'hookId' | 'eventId'>): string => `${hookId}/${eventId}`;

export class MemoryHookDeliveries implements HookDeliveryStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(HookDelivery | null)[]> {
    return this.#session.run((tables) => ids.map((id) => shown(tables(deliveryTable).get(id))));
  }

  page(filter: HookDeliveryFilter, owner: string | null, request: PageRequest): Promise<Page<HookDelivery>> {
    return this.#session.run((tables) =>
      pageOfDeliveries(tables, filter, request, ({ ownerId }) => owner === null || ownerId === owner),
    );
  }

  pages(hookIds: readonly string[], filter: HookDeliveryFilter, request: PageRequest): Promise<Page<HookDelivery>[]> {
    return this.#session.run((tables) =>
      hookIds.map((id) => pageOfDeliveries(tables, filter, request, ({ hookId }) => hookId === id)),
    );
  }

  attempts(deliveryIds: readonly string[]): Promise<HookAttempt[][]> {
    return this.#session.run((tables) =>
      deliveryIds.map((id) =>
        [...(tables(attemptTable).get(id) ?? [])]
          .sort((one, other) => one.series - other.series || one.number - other.number)
          .slice(-mostAttempts),
      ),
    );
  }

  insert(deliveries: readonly NewHookDelivery[]): Promise<HookDelivery[]> {
    return this.#session.run((tables) =>
      deliveries.flatMap((delivery) => {
        if (tables(hookTable).get(delivery.hookId)?.state !== 'ACTIVE') return [];
        if (tables(keyTable).has(keyOf(delivery))) return [];
        tables(keyTable).set(keyOf(delivery), delivery.id);
        return bare(put(tables, { ...undelivered(delivery), lease: null }));
      }),
    );
  }

  delivered(hookId: string, eventIds: readonly string[]): Promise<string[]> {
    return this.#session.run((tables) =>
      eventIds.filter((eventId) => tables(keyTable).has(keyOf({ hookId, eventId }))),
    );
  }

  reopen(
    hookId: string,
    which: { readonly events: readonly string[] } | { readonly ids: readonly string[] },
    states: readonly DeliveryState[] | null,
    now: string,
  ): Promise<number> {
    const isMeant = (row: Row) => ('ids' in which ? which.ids.includes(row.id) : which.events.includes(row.eventId));
    const again = { state: 'PENDING', attemptCount: 0, deadReason: null, lease: null } as const;
    return this.#change(
      (row) => row.hookId === hookId && isMeant(row) && (states === null || states.includes(row.state)),
      (row) => ({ ...row, ...again, series: row.series + 1, nextAttemptAt: now, updatedAt: now }),
    );
  }

  claimDue(claim: DeliveryClaim): Promise<HookDelivery[]> {
    return this.#session.run((tables) => {
      const over = Date.now();
      const rows = [...tables(deliveryTable).values()].map((row) =>
        row.lease && row.lease.expiresAt <= over ? put(tables, { ...row, lease: null }) : row,
      );
      const open = rows.filter(isOpen);
      const out = new Set(open.filter(({ lease }) => lease !== null).map(({ hookId }) => hookId));
      const busy: Record<string, number> = { ...claim.busy };
      const taken: HookDelivery[] = [];
      for (const row of open.filter((row) => isDue(row, claim.now)).sort(byDue)) {
        const hook = tables(hookTable).get(row.hookId);
        if (!hook || !mayGo(hook, claim.now) || (hook.breaker.state !== 'CLOSED' && out.has(hook.id))) continue;
        if (hook.ordering === 'SUBJECT' && isBehind(row, open)) continue;
        const { origin } = new URL(hook.target);
        if ((busy[origin] ?? 0) >= claim.perTarget || taken.length >= claim.limit) continue;
        busy[origin] = (busy[origin] ?? 0) + 1;
        out.add(hook.id);
        const lease = { fence: claim.fence, expiresAt: Date.now() + claim.lease };
        taken.push(bare(put(tables, { ...row, lease })));
      }
      return taken;
    });
  }

  async release({ id, fence }: HeldDelivery, at: string): Promise<void> {
    await this.#change(
      (row) => row.id === id && row.lease?.fence === fence,
      (row) => ({ ...row, lease: null, nextAttemptAt: at }),
    );
  }

  finish(
    { id, fence }: HeldDelivery,
    outcome: DeliveryOutcome,
    attempt: HookAttempt | null,
    now: string,
  ): Promise<HookDelivery | null> {
    return this.#session.run((tables) => {
      const row = tables(deliveryTable).get(id);
      if (row?.lease?.fence !== fence) return null;
      if (attempt) tables(attemptTable).set(id, [...(tables(attemptTable).get(id) ?? []), attempt]);
      const attemptCount = attempt?.number ?? row.attemptCount;
      return bare(put(tables, { ...row, ...outcome, attemptCount, lease: null, updatedAt: now }));
    });
  }

  close(hookIds: readonly string[], outcome: Pick<HookDelivery, 'state' | 'deadReason'>, now: string): Promise<number> {
    return this.#change(
      (row) => hookIds.includes(row.hookId) && isOpen(row),
      (row) => ({ ...row, ...outcome, nextAttemptAt: null, lease: null, updatedAt: now }),
    );
  }

  nextDue(now: string): Promise<string | null> {
    return this.#session.run((tables) => {
      const due = [...tables(deliveryTable).values()]
        .filter((row) => isOpen(row) && row.lease === null && row.nextAttemptAt !== null && row.nextAttemptAt > now)
        .map(({ nextAttemptAt }) => nextAttemptAt ?? '');
      return due.sort(compareText)[0] ?? null;
    });
  }

  countByState(): Promise<Partial<Record<DeliveryState, number>>> {
    return this.#session.run((tables) => {
      const states = Map.groupBy([...tables(deliveryTable).values()], ({ state }) => state);
      return Object.fromEntries([...states].map(([state, rows]) => [state, rows.length]));
    });
  }

  trim({ dead, others }: { readonly dead: string; readonly others: string }, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const old = [...tables(deliveryTable).values()]
        .filter((row) => !isOpen(row) && row.updatedAt < (row.state === 'DEAD' ? dead : others))
        .slice(0, limit);
      for (const row of old) {
        tables(deliveryTable).delete(row.id);
        tables(keyTable).delete(keyOf(row));
        tables(attemptTable).delete(row.id);
      }
      return old.length;
    });
  }

  /** Changes the rows that are meant, and answers how many. */
  #change(isMeant: (row: Row) => boolean, change: (row: Row) => Row): Promise<number> {
    return this.#session.run((tables) => {
      const rows = [...tables(deliveryTable).values()].filter(isMeant);
      for (const row of rows) put(tables, change(row));
      return rows.length;
    });
  }
}

function put(tables: Tables, row: Row): Row {
  tables(deliveryTable).set(row.id, row);
  return row;
}

function bare({ lease: _, ...delivery }: Row): HookDelivery {
  return delivery;
}

const shown = (row: Row | undefined): HookDelivery | null => (row ? bare(row) : null);

function pageOfDeliveries(
  tables: Tables,
  filter: HookDeliveryFilter,
  request: PageRequest,
  isMeant: (row: Row) => boolean,
): Page<HookDelivery> {
  const rows = [...tables(deliveryTable).values()].filter(
    (row) => isMeant(row) && matchesLogic<HookDeliveryTerms>(filter, (terms) => matches(terms, row)),
  );
  const page = pageOfRows(rows, [{ type: 'uuid', descending: true, value: ({ id }) => id }], request);
  return { ...page, items: page.items.map(({ node, position }) => ({ node: bare(node), position })) };
}

const isOpen = ({ state }: Row): boolean => openStates.includes(state);

const isDue = ({ lease, nextAttemptAt }: Row, now: string): boolean =>
  lease === null && nextAttemptAt !== null && nextAttemptAt <= now;

function mayGo({ state, heldUntil, breaker }: Hook, now: string): boolean {
  if (state !== 'ACTIVE' || (heldUntil !== null && heldUntil > now)) return false;
  return breaker.state !== 'OPEN' || breaker.until === null || breaker.until <= now;
}

const isBehind = ({ hookId, subject, sequence }: Row, open: readonly Row[]): boolean =>
  subject !== null && open.some((row) => row.hookId === hookId && row.subject === subject && row.sequence < sequence);

const byDue = (one: Row, other: Row): number =>
  compareText(one.nextAttemptAt ?? '', other.nextAttemptAt ?? '') || compareText(one.id, other.id);

const matches = ({ hook, state, event, from, to }: HookDeliveryTerms, row: Row): boolean =>
  (hook == null || row.hookId === hook) &&
  (!state || state.includes(row.state)) &&
  (!event || matchesText(event, row.eventName)) &&
  (from == null || Date.parse(row.createdAt) >= Date.parse(from)) &&
  (to == null || Date.parse(row.createdAt) < Date.parse(to));
