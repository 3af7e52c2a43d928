import { LRUCache } from 'lru-cache';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { AppendedEvent } from '#kernel/event.ts';
import { foldText } from '#kernel/filter.ts';
import { grantedRights, type Rights } from '#kernel/permission.ts';
import { accountStore, type EffectiveRights } from '#resolvers/platform/accounts/account.ts';
import { anonymousRole, roleStore } from '#resolvers/platform/roles/role.ts';

/** Who holds what, read when it is asked for and kept for a moment. */
export interface Holders {
  /** Null for an account that does not exist. */
  effective(accountId: string): Promise<EffectiveRights | null>;
  /** The permissions of viewers without a credential. */
  anonymous(): Promise<readonly string[]>;
  /** The permissions that active roles with these names reach. */
  reached(roles: readonly string[]): Promise<readonly string[]>;
  /** Rights from permissions as they are kept. */
  rights(permissions: readonly string[]): Rights;
  /** What everybody may. */
  open(): Promise<Rights>;
  /** Whether an event may have changed what everybody may. */
  opens(event: AppendedEvent): boolean;
  forget(accountId: string): void;
  forgetAll(): void;
}

/**
 * How long what was read counts without an event that says otherwise, in milliseconds. Events drop it at once; this is
 * for a process that they do not reach.
 */
const freshness = 1000;
const most = 10_000;

/** @param ctx of the gateway itself. */
export function createHolders(ctx: Context): Holders {
  // Reads under way are kept, not their results: whoever asks after a change never gets what was read before it.
  const accounts = new LRUCache<string, Promise<EffectiveRights | null>>({ max: most, ttl: freshness });
  const roles = new LRUCache<string, Promise<readonly string[]>>({ max: 1000, ttl: freshness });
  const compiled = new LRUCache<string, Rights>({ max: 1000 });
  const reached = (names: readonly string[]) =>
    remember(roles, JSON.stringify(names), async () => {
      const found = await ctx.use(roleStore).findMany(names.map(foldText));
      const ids = found.flatMap((role) => role?.id ?? []);
      return ids.length > 0 ? ctx.use(roleStore).reach(ids, 'active') : [];
    });
  const rights = (permissions: readonly string[]): Rights => {
    const key = JSON.stringify([...permissions].sort());
    const known = compiled.get(key) ?? grantedRights(permissions, ctx.use(catalogue).areas);
    compiled.set(key, known);
    return known;
  };
  const openings = () => [...ctx.use(catalogue).areas.values()].flatMap((area) => area.open ?? []);
  const open = new LRUCache<string, Promise<Rights>>({ max: 1, ttl: freshness });
  return {
    effective: (id) =>
      remember(accounts, id, async () => {
        const [found = null] = await ctx.use(accountStore).effective([id]);
        return found;
      }),
    anonymous: () => reached([anonymousRole]),
    reached,
    rights,
    open: () =>
      remember(open, '', async () =>
        rights((await Promise.all(openings().map((opening) => opening.permissions(ctx)))).flat()),
      ),
    opens: (event) => openings().some((opening) => opening.changedBy(event)),
    forget: (id) => void accounts.delete(id),
    forgetAll() {
      accounts.clear();
      roles.clear();
      open.clear();
    },
  };
}

function remember<Value>(
  cache: LRUCache<string, Promise<Value>>,
  key: string,
  read: () => Promise<Value>,
): Promise<Value> {
  const known = cache.get(key);
  if (known) return known;
  const reading = read();
  cache.set(key, reading);
  reading.catch(() => {
    if (cache.peek(key) === reading) cache.delete(key);
  });
  return reading;
}
