import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Account } from '#resolvers/platform/accounts/account.ts';

/** An account as events keep it: no secret is part of it. Ids are global ids; permissions are scoped by row ids. */
export const AccountSnapshot = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  kind: z.enum(['HUMAN', 'SERVICE']),
  realName: z.string(),
  isActive: z.boolean(),
  permissions: z.array(z.string()),
  roles: z.array(z.string()),
  mustChangePassword: z.boolean(),
});
export type AccountSnapshot = z.output<typeof AccountSnapshot>;

export const accountSnapshot = (account: Account): AccountSnapshot => ({
  id: toGlobalId('Account', account.id),
  name: account.name,
  email: account.email,
  kind: account.kind,
  realName: account.realName,
  isActive: account.isActive,
  permissions: [...account.permissions],
  roles: account.roles.map((role) => toGlobalId('Role', role)),
  mustChangePassword: account.mustChangePassword,
});

const AccountData = z.object({ account: AccountSnapshot, changed: z.array(z.string()) });
type AccountEvent = EventDefinition<z.output<typeof AccountData>>;

const options = {
  subject: 'Account',
  seenWith: 'account:read',
  seenByOwner: true,
  retain: 'AUDIT',
  hookData: (event: { data: unknown }) => (event.data as z.output<typeof AccountData>).account,
} as const;

export const accountCreated = defineEvent('platform.account.created', AccountData, {
  ...options,
  description: 'An account was made.',
});
export const accountUpdated = defineEvent('platform.account.updated', AccountData, {
  ...options,
  description: 'Fields of an account changed; `changed` names them.',
});
export const accountActivated = defineEvent('platform.account.activated', AccountData, {
  ...options,
  description: 'An account may act again.',
});
export const accountDeactivated = defineEvent('platform.account.deactivated', AccountData, {
  ...options,
  description: 'An account may not act any more; its sessions ended.',
});
export const accountDeleted = defineEvent('platform.account.deleted', AccountData, {
  ...options,
  description: 'An account is gone, with its sessions and keys. What it did keeps its name.',
});
export const passwordChanged = defineEvent('platform.password.changed', AccountData, {
  ...options,
  description: 'The password of an account was set or changed.',
});

export const secretKeyRotated = defineEvent('platform.secretKey.rotated', AccountData, {
  ...options,
  description: 'An account got a new secret key; tokens made with the old one are dead.',
});

export const accountEvents = [
  accountCreated,
  accountUpdated,
  accountActivated,
  accountDeactivated,
  accountDeleted,
  passwordChanged,
  secretKeyRotated,
] as const;

/** Facts of everything that is about one account. */
export const accountFacts = (id: string) => ({ account: id });

/** Appends an event about an account with its snapshots: without one of what comes after for an account that is gone. */
export function tellAccount(
  ctx: Context,
  event: AccountEvent,
  before: Account | null,
  after: Account | null,
  changed: readonly string[] = [],
): void {
  const account = after ?? before;
  if (!account) throw new Error(`${event.name} is about no account.`);
  ctx.events.append(
    event,
    { account: accountSnapshot(account), changed: [...changed] },
    {
      subject: toGlobalId('Account', account.id),
      scope: accountFacts(account.id),
      ...(before && { before: accountSnapshot(before) }),
      ...(after && { after: accountSnapshot(after) }),
    },
  );
}
