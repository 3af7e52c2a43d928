import type { Logic, TextMatch } from '#kernel/filter.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import type { HookPayload } from '#resolvers/platform/hooks/body.ts';
import type { Breaker } from '#resolvers/platform/hooks/breaker.ts';
import type { HookSigning } from '#resolvers/platform/hooks/signature.ts';

/*
 * Words. *Hook*: a standing wish to POST events to a target. *Delivery*: one event for one hook. *Attempt*: one HTTP
 * request. *Dead letter*: a delivery given up. *Breaker*: the switch of a hook that pauses its attempts.
 */

/** SUSPENDED: its owner may not act at present; it comes back with him. */
export const hookStates = ['ACTIVE', 'DISABLED', 'SUSPENDED'] as const;
export type HookState = (typeof hookStates)[number];

/** GONE: the target answered 410. FAILING: it took nothing for too long. */
export const disabledReasons = ['GONE', 'FAILING'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** SUBJECT: the next event of a subject waits until the one before it is done with. */
export const hookOrderings = ['NONE', 'SUBJECT'] as const;
export type HookOrdering = (typeof hookOrderings)[number];

/** What a user says of a hook. */
export interface HookWishes {
  /** A pattern, as it was given. */
  readonly event: string;
  /** An absolute URL, as it was given. */
  readonly target: string;
  /** Whether what others do counts too. */
  readonly globalHook: boolean;
  readonly payload: HookPayload;
  /** Whether bodies of the form STANDARD hold the state before and after. */
  readonly includeChange: boolean;
  /** Any of these facts, by row ids or texts as events carry them; none: wherever it is. */
  readonly scope: readonly { readonly kind: string; readonly value: string }[];
  /** Global id, or the event's own text; null: whatever it is about. */
  readonly subject: string | null;
  readonly ordering: HookOrdering;
}

/** What deliveries leave on a hook. It is no change of the hook: the etag stays. */
export interface HookUpkeep {
  readonly breaker: Breaker;
  /** All deliveries wait until then, because the target asked for it. */
  readonly heldUntil: string | null;
  /** Since when no attempt succeeded: the instant of the first failure after the last success. */
  readonly failingSince: string | null;
}

export const untried: HookUpkeep = {
  breaker: { state: 'CLOSED', until: null, failures: 0 },
  heldUntil: null,
  failingSince: null,
};

/** A standing wish to POST events. Instants are ISO 8601 in UTC with milliseconds. */
export interface Hook extends HookWishes, HookUpkeep {
  readonly id: string;
  /** 1, 2, 3…, never used again: bodies of the form NSOT name it. */
  readonly number: number;
  /** Row id of the account. */
  readonly ownerId: string;
  /** Fixed when it is made: its secrets are of this kind. */
  readonly signing: HookSigning;
  readonly state: HookState;
  /** Null unless the gateway itself disabled it. */
  readonly disabledReason: DisabledReason | null;
  /**
   * Number of the event that made or enabled it: what happened up to then does not concern it. Null until the log has
   * numbered that event, and until then it is told of nothing.
   */
  readonly listensAfter: number | null;
  readonly etag: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type NewHook = Omit<Hook, 'number'>;

/** What a change of a user sets; what is absent stays. */
export type HookChange = Partial<
  HookWishes & HookUpkeep & Pick<Hook, 'state' | 'disabledReason' | 'listensAfter' | 'etag' | 'updatedAt'>
>;

/** What signs the attempts of a hook. Instants as above. */
export interface HookSecret {
  readonly id: string;
  readonly hookId: string;
  /** The secret, sealed for the purpose that `secretPurpose` gives. */
  readonly sealed: string;
  /** `whpk_…`; null for HMAC. */
  readonly publicKey: string | null;
  /** From then on it signs nothing any more; null for the newest. */
  readonly expiresAt: string | null;
  readonly createdAt: string;
}

export const secretPurpose = (secretId: string): string => `platform.hook.secret/${secretId}`;

export interface HookTerms {
  readonly event?: TextMatch | null;
  readonly target?: TextMatch | null;
  readonly state?: readonly HookState[] | null;
  /** Row id of the account. */
  readonly owner?: string | null;
}
export type HookFilter = Logic<HookTerms>;

/** What the platform asks of the storage of hooks and their secrets. */
export interface HookStore {
  getMany(ids: readonly string[]): Promise<(Hook | null)[]>;
  /**
   * Newest first.
   * @param owner row id of the account whose hooks are meant; null for everybody's.
   */
  page(filter: HookFilter, owner: string | null, request: PageRequest): Promise<Page<Hook>>;
  /** The ACTIVE hooks whose pattern is, to the letter, one of these; in any order. */
  listening(patterns: readonly string[]): Promise<Hook[]>;
  /**
   * Makes a hook with the next number, and its first secret. Null, and no number is used up, when the owner has a hook of
   * this event and target; of racing callers exactly one gets it.
   */
  insert(hook: NewHook, secret: HookSecret): Promise<Hook | null>;
  /** The hooks as they are, locked for the caller's unit of work; null for those that are gone. */
  lock(ids: readonly string[]): Promise<(Hook | null)[]>;
  /**
   * Changes a hook that this unit locked. Null, and nothing changed, when its owner has another one of this event and
   * target; of racing callers exactly one gets it.
   */
  update(id: string, change: HookChange): Promise<Hook | null>;
  /** Changes hooks that this unit locked, all alike; neither event nor target. Answers them as they are then. */
  updateMany(ids: readonly string[], change: Omit<HookChange, 'event' | 'target'>): Promise<Hook[]>;
  /** Deletes hooks with their secrets. Their deliveries stay. */
  delete(ids: readonly string[]): Promise<void>;
  /** Ids of hooks of an account in one of these states, at most `limit`, oldest first. */
  ofOwner(ownerId: string, states: readonly HookState[], limit: number): Promise<string[]>;
  /**
   * The event with this number made or enabled the hook: it listens from there on. Changes nothing where it listens from
   * a later one already, or is gone.
   */
  arm(id: string, sequence: number): Promise<void>;
  /** The secrets of each hook, newest first, those that expired by `now` left out. */
  secrets(hookIds: readonly string[], now: string): Promise<HookSecret[][]>;
  /**
   * Adds the secret that signs from now on. The others expire at `oldUntil`, or before if they would have; those that
   * are expired by the new one's `createdAt` are forgotten.
   */
  rotate(secret: HookSecret, oldUntil: string): Promise<void>;
  /** How many hooks have a breaker that is not closed. */
  countOpenBreakers(): Promise<number>;
}

export const hookStore = definePort<HookStore>('platform.hooks');
