import type { Logic, TextMatch } from '#kernel/filter.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';

/** RETRYING: an attempt failed, another one follows. CANCELLED: the hook is gone. */
export const deliveryStates = ['PENDING', 'RETRYING', 'SUCCEEDED', 'DEAD', 'CANCELLED'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const openStates: readonly DeliveryState[] = ['PENDING', 'RETRYING'];

/**
 * EXHAUSTED: the last attempt failed. FORBIDDEN: the owner may not see the event any more. DISABLED, SUSPENDED: the hook
 * became so.
 */
export const deadReasons = ['EXHAUSTED', 'FORBIDDEN', 'DISABLED', 'SUSPENDED'] as const;
export type DeadReason = (typeof deadReasons)[number];

/** STATUS: an answer that is neither 2xx nor a redirect. */
export const attemptErrors = ['TIMEOUT', 'CONNECT', 'TLS', 'BLOCKED_ADDRESS', 'REDIRECT', 'STATUS'] as const;
export type AttemptError = (typeof attemptErrors)[number];

/** One event for one hook. Instants are ISO 8601 in UTC with milliseconds. */
export interface HookDelivery {
  readonly id: string;
  /** Row id of the hook, which may be gone. */
  readonly hookId: string;
  /** Row id of the account that owns the hook, or did. */
  readonly ownerId: string;
  /** Row id of the event, which may be gone. */
  readonly eventId: string;
  readonly eventName: string;
  /** Number of the event. */
  readonly sequence: number;
  /** What the event is about, as the event says it. */
  readonly subject: string | null;
  /** The same for all its attempts: receivers know a repetition by it. */
  readonly webhookId: string;
  readonly state: DeliveryState;
  /** Attempts of the present series. */
  readonly attemptCount: number;
  /** 1, and one more with each replay. */
  readonly series: number;
  /** Null once it is done with. */
  readonly nextAttemptAt: string | null;
  readonly deadReason: DeadReason | null;
  /** Rendered once. */
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A delivery on its way in: PENDING and due at once. */
export type NewHookDelivery = Pick<
  HookDelivery,
  | 'id'
  | 'hookId'
  | 'ownerId'
  | 'eventId'
  | 'eventName'
  | 'sequence'
  | 'subject'
  | 'webhookId'
  | 'body'
  | 'nextAttemptAt'
  | 'createdAt'
>;

/** A delivery as it lies there at first. */
export const undelivered = (delivery: NewHookDelivery): HookDelivery => ({
  ...delivery,
  state: 'PENDING',
  attemptCount: 0,
  series: 1,
  deadReason: null,
  updatedAt: delivery.createdAt,
});

/** One HTTP request. */
export interface HookAttempt {
  readonly deliveryId: string;
  /** 1, 2, 3… in its series. */
  readonly number: number;
  readonly series: number;
  readonly at: string;
  readonly durationMs: number;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** Null when it succeeded. */
  readonly error: AttemptError | null;
  /** The beginning of the answer's body, 4 KiB at most. */
  readonly responseExcerpt: string | null;
}

/** The most attempts that are told of one delivery. */
export const mostAttempts = 100;

export interface HookDeliveryTerms {
  /** Row id. */
  readonly hook?: string | null;
  readonly state?: readonly DeliveryState[] | null;
  /** The event's name. */
  readonly event?: TextMatch | null;
  /** Made at this instant or after it. */
  readonly from?: string | null;
  /** Made before this instant. */
  readonly to?: string | null;
}
export type HookDeliveryFilter = Logic<HookDeliveryTerms>;

/** What a sender asks for. */
export interface DeliveryClaim {
  /** The instant against which `nextAttemptAt`, `heldUntil` and breakers are held. */
  readonly now: string;
  readonly limit: number;
  /** The most that may be under way to one origin, and how many are already, by origin of the target. */
  readonly perTarget: number;
  readonly busy: Readonly<Record<string, number>>;
  /** Milliseconds that the lease holds, by the storage's clock. */
  readonly lease: number;
  /** The new lease's token: a UUID that is used this once. */
  readonly fence: string;
}

/** A lease as its holder names it. */
export interface HeldDelivery {
  readonly id: string;
  readonly fence: string;
}

/** What an attempt makes of its delivery. */
export type DeliveryOutcome = Pick<HookDelivery, 'state' | 'nextAttemptAt' | 'deadReason'>;

/** What the platform asks of the storage of deliveries and their attempts. */
export interface HookDeliveryStore {
  getMany(ids: readonly string[]): Promise<(HookDelivery | null)[]>;
  /**
   * Newest first, by id.
   * @param owner row id of the account whose deliveries are meant; null for everybody's.
   */
  page(filter: HookDeliveryFilter, owner: string | null, request: PageRequest): Promise<Page<HookDelivery>>;
  /** The same page of the deliveries of each hook, in one read however many. */
  pages(hookIds: readonly string[], filter: HookDeliveryFilter, request: PageRequest): Promise<Page<HookDelivery>[]>;
  /** The last attempts of each delivery, `mostAttempts` at most, oldest first. */
  attempts(deliveryIds: readonly string[]): Promise<HookAttempt[][]>;
  /**
   * Keeps deliveries. Of (hook, event) there is one: where it is there already, nothing changes. None is kept for a hook
   * that is not ACTIVE: who makes it so at the same time waits for this unit, or was first. Answers the new ones.
   */
  insert(deliveries: readonly NewHookDelivery[]): Promise<HookDelivery[]>;
  /** Which of these events have a delivery of the hook: row ids of the events. */
  delivered(hookId: string, eventIds: readonly string[]): Promise<string[]>;
  /**
   * Gives deliveries of a hook another series of attempts: PENDING, due at `now`, none made; a lease on them ends. Body
   * and webhook id stay.
   * @param which by row ids of events or deliveries; `states` narrows further, null for all.
   * @returns how many.
   */
  reopen(
    hookId: string,
    which: { readonly events: readonly string[] } | { readonly ids: readonly string[] },
    states: readonly DeliveryState[] | null,
    now: string,
  ): Promise<number>;
  /**
   * Leases open deliveries that are due, longest due first, each to exactly one of racing callers; rows that others work
   * on are passed over, not waited for. A lease that is over, by the storage's clock, counts as none. Passed over are
   * those of hooks that are not ACTIVE, are held, or have a breaker that is OPEN until after `now`; of a hook whose
   * breaker is not CLOSED one is out at a time. Those of a hook with the ordering SUBJECT wait while an earlier one of
   * their subject is open.
   */
  claimDue(claim: DeliveryClaim): Promise<HookDelivery[]>;
  /** Ends a lease without an attempt; `at` is when it is due again. Nothing happens with another fence. */
  release(held: HeldDelivery, at: string): Promise<void>;
  /**
   * Keeps an attempt and what it makes of the delivery, whose `attemptCount` becomes the attempt's number; the lease
   * ends. Null, and nothing is kept, when the fence is not that of its lease.
   * @param attempt null where there was none, such as for an event that the owner may not see any more.
   */
  finish(
    held: HeldDelivery,
    outcome: DeliveryOutcome,
    attempt: HookAttempt | null,
    now: string,
  ): Promise<HookDelivery | null>;
  /** Ends all open deliveries of hooks, leased ones too. Answers how many. */
  close(
    hookIds: readonly string[],
    outcome: { readonly state: 'DEAD' | 'CANCELLED'; readonly deadReason: DeadReason | null },
    now: string,
  ): Promise<number>;
  /** When the first delivery becomes due after `now`; null when none does. */
  nextDue(now: string): Promise<string | null>;
  /** How many there are of each state; states without any may be absent. Not by a scan of those done with. */
  countByState(): Promise<Partial<Record<DeliveryState, number>>>;
  /**
   * Deletes deliveries with their attempts that were done with before an instant: DEAD ones before `dead`, the others
   * before `others`; at most `limit`. Answers how many.
   */
  trim(before: { readonly dead: string; readonly others: string }, limit: number): Promise<number>;
}

export const hookDeliveryStore = definePort<HookDeliveryStore>('platform.hookDeliveries');
