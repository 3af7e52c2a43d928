import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ThrottledError } from '#kernel/errors.ts';
import { defineEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { definePort } from '#kernel/port.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import { signInRules } from '#resolvers/platform/rules.ts';

/** What is counted, and how many failures it may have within a window before attempts have to wait. */
export interface ThrottleKey {
  readonly key: string;
  readonly limit: number;
}

/** How the failures of one key stand. Instants are milliseconds since the epoch. */
export interface ThrottleState {
  readonly key: string;
  readonly failures: number;
  /** No attempt is looked at before. 0 while attempts need not wait. */
  readonly until: number;
}

/** What the platform asks of the storage of failed attempts. Counts hold over all processes. */
export interface ThrottleStore {
  /** The instant until which an attempt on these keys has to wait: the latest of all, 0 for none. */
  waitUntil(keys: readonly string[]): Promise<number>;
  /**
   * Counts a failure on each key, as one effect. A window begins with the first failure; once the limit is reached,
   * each failure doubles the wait and the window begins anew when the wait is over.
   */
  hit(keys: readonly ThrottleKey[], now: number, window: number): Promise<ThrottleState[]>;
  forget(key: string): Promise<void>;
}

export const throttleStore = definePort<ThrottleStore>('platform.throttle');

/** Milliseconds. */
const firstWait = 1000;
const longestWait = 15 * 60_000;

/** Milliseconds to wait after a failure: none below the limit, then 1 s doubling to 15 min. */
export function waitAfter(failures: number, limit: number): number {
  return failures < limit ? 0 : Math.min(firstWait * 2 ** Math.min(failures - limit, 30), longestWait);
}

/** A row as both stores keep it. */
export interface ThrottleRow extends ThrottleState {
  readonly since: number;
}

/** What a failure makes of a row. */
export function countFailure(
  row: ThrottleRow | null,
  { key, limit }: ThrottleKey,
  now: number,
  window: number,
): ThrottleRow {
  const isOver = row === null || now >= Math.max(row.since, row.until) + window;
  const failures = isOver ? 1 : row.failures + 1;
  const wait = waitAfter(failures, limit);
  return { key, failures, since: isOver ? now : row.since, until: wait === 0 ? 0 : now + wait };
}

export const loginThrottled = defineEvent(
  'platform.login.throttled',
  z.object({ account: z.string().nullable(), address: z.string().nullable(), reason: z.string() }),
  {
    subject: 'Account',
    seenWith: 'session:read',
    seenByOwner: true,
    retain: 'AUDIT',
    description: 'Too many wrong passwords: further attempts wait. `reason` names what was counted.',
  },
);

/** Who tries, and from where. */
export interface Attempt {
  /** Folded, as it was given. */
  readonly name: string;
  readonly address: string | null;
  /** Row id of the account that the name belongs to, if any. */
  readonly accountId: string | null;
}

/** People type passwords where names belong, so names are not kept as they are. */
const keyOf = (kind: string, ...parts: readonly string[]) =>
  `${kind}:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;

const pairKey = ({ name, address }: Attempt) => keyOf('pair', name, address ?? '');

/** @throws ThrottledError while attempts with this name, or from this address, have to wait. */
export async function requireUnthrottled(ctx: Context, attempt: Attempt): Promise<void> {
  const until = await ctx.use(throttleStore).waitUntil(throttleKeys(ctx, attempt).map(({ key }) => key));
  const wait = until - ctx.clock.now();
  if (wait > 0) {
    const seconds = Math.ceil(wait / 1000);
    throw new ThrottledError(`Too many attempts. Try again in ${seconds} s.`, seconds);
  }
}

/** Counts a failure, and tells of each throttle that begins with it. */
export async function countFailedAttempt(ctx: Context, attempt: Attempt): Promise<void> {
  await ctx.atomically(async (ctx) => {
    const keys = throttleKeys(ctx, attempt);
    const { window } = ctx.use(signInRules).throttle;
    const states = await ctx.use(throttleStore).hit(keys, ctx.clock.now(), window);
    for (const [index, { key, limit }] of keys.entries()) {
      if (states[index]?.failures !== limit) continue;
      const { accountId } = attempt;
      ctx.events.append(
        loginThrottled,
        {
          account: accountId === null ? null : toGlobalId('Account', accountId),
          address: attempt.address,
          reason: key.slice(0, key.indexOf(':')),
        },
        accountId === null
          ? { scope: {} }
          : { subject: toGlobalId('Account', accountId), scope: accountFacts(accountId) },
      );
    }
  });
}

/** The right password ends the count of its name at this address; the counts that concern others stay. */
export const forgetFailures = (ctx: Context, attempt: Attempt): Promise<void> =>
  ctx.use(throttleStore).forget(pairKey(attempt));

function throttleKeys(ctx: Context, attempt: Attempt): ThrottleKey[] {
  const { perPair, perName, perAddress } = ctx.use(signInRules).throttle;
  return [
    { key: pairKey(attempt), limit: perPair },
    { key: keyOf('name', attempt.name), limit: perName },
    ...(attempt.address === null ? [] : [{ key: keyOf('address', attempt.address), limit: perAddress }]),
  ];
}
