import { z } from 'zod';
import { foldText, type Logic, logic, type TextMatch, textMatch } from '#kernel/filter.ts';
import { line, type OneOf, oneKey, rowId, sought } from '#kernel/input.ts';
import type { Page, PageRequest, Position } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

export type AccountKind = 'HUMAN' | 'SERVICE';

/** A human or a service that acts. Instants are ISO 8601 in UTC with milliseconds. */
export interface Account {
  readonly id: string;
  /** Unique without regard to case, also among the emails of others. */
  readonly name: string;
  /** In lower case; unique, also among the names of others. */
  readonly email: string | null;
  readonly kind: AccountKind;
  readonly realName: string;
  readonly isActive: boolean;
  /** Own permissions, as they are kept: scoped by ids. */
  readonly permissions: readonly string[];
  /** Row ids of the roles it holds itself. */
  readonly roles: readonly string[];
  readonly mustChangePassword: boolean;
  readonly lastLoginAt: string | null;
  /** Raised with each change of its secret key: tokens of an earlier version are dead. Nobody is shown it. */
  readonly keyVersion: number;
  readonly etag: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type AccountKey = OneOf<{ id: string; name: string; email: string }>;

export const accountKey = oneKey({
  id: rowId('Account'),
  name: sought('name').transform(foldText),
  email: sought('email').transform(foldText),
});

/** What an insert writes. Everything that is absent here starts empty. */
export type NewAccount = Omit<Account, 'lastLoginAt' | 'updatedAt' | 'keyVersion'> & {
  readonly passwordHash: string | null;
  readonly secretKeyHash?: string | null;
};

export type AccountChange = Partial<
  Pick<Account, 'name' | 'email' | 'realName' | 'isActive' | 'permissions' | 'roles' | 'mustChangePassword'>
> & {
  readonly passwordHash?: string;
  /** SHA-256 of its new secret key, which gets a version of its own. */
  readonly secretKeyHash?: string;
};

/** An account with the hashes of what proves it. They are for comparing, and leave the platform by no way. */
export interface ProvenAccount {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly secretKeyHash: string | null;
}

/** Everything that an account reaches at one moment. */
export interface EffectiveRights {
  readonly account: Account;
  /** Own permissions and those of all active roles it reaches; none while it is inactive. */
  readonly permissions: readonly string[];
  /** Row ids of those roles. */
  readonly roles: readonly string[];
}

export interface AccountTerms {
  readonly name?: TextMatch | null;
  readonly email?: TextMatch | null;
  readonly realName?: TextMatch | null;
  /** Holds this permission itself, as it is kept. */
  readonly permission?: string | null;
  /** Row id of a role that it holds itself. */
  readonly role?: string | null;
  readonly isActive?: boolean | null;
  readonly kind?: AccountKind | null;
}
export type AccountFilter = Logic<AccountTerms>;

export const accountFilter = logic({
  name: textMatch().nullish(),
  email: textMatch(foldText).nullish(),
  realName: textMatch().nullish(),
  permission: sought('permission').nullish(),
  role: sought('role').nullish(),
  isActive: z.boolean().nullish(),
  kind: z.enum(['HUMAN', 'SERVICE']).nullish(),
});

export interface AccountOrder {
  readonly by: 'NAME' | 'CREATED' | 'LAST_LOGIN';
  readonly direction: 'ASC' | 'DESC';
}

/** Where an account stands in an order; one that never signed in stands at the beginning of time. */
export function accountPosition(account: Account, { by }: AccountOrder): Position {
  if (by === 'NAME') return [foldText(account.name), account.id];
  return [by === 'CREATED' ? account.createdAt : (account.lastLoginAt ?? new Date(0).toISOString()), account.id];
}

/** What the platform asks of the storage of accounts. */
export interface AccountStore {
  getMany(ids: readonly string[]): Promise<(Account | null)[]>;
  /** By name or email, folded, exactly. */
  find(key: Exclude<AccountKey, { id: string }>): Promise<Account | null>;
  /** By texts that are a name or an email, folded, exactly. */
  findMany(namesOrEmails: readonly string[]): Promise<(Account | null)[]>;
  /** Who signs in with this text as name or email, folded, exactly. */
  findForSignIn(nameOrEmail: string): Promise<ProvenAccount | null>;
  /** Positions are those of `accountPosition`. */
  page(
    filter: AccountFilter,
    order: AccountOrder,
    visibility: Visibility,
    request: PageRequest,
  ): Promise<Page<Account>>;
  /** Null when the name or the email is taken, in any case of letters; of racing callers exactly one gets it. */
  insert(account: NewAccount): Promise<Account | null>;
  /** The account, kept from changing by others until the end of the unit of work. */
  lock(id: string): Promise<ProvenAccount | null>;
  /** `STALE` when the etag moved, `TAKEN` when the new name or email is another's; nothing is changed then. */
  update(
    id: string,
    etag: string,
    change: AccountChange & { readonly etag: string; readonly updatedAt: string },
  ): Promise<Account | 'STALE' | 'TAKEN'>;
  /** Deletes the account and frees its name and email. What other stores keep of it goes before it. */
  delete(id: string): Promise<void>;
  /** Remembers a sign-in. The etag stays. Waits until no other unit signs in to the same account. */
  recordLogin(id: string, at: string): Promise<void>;
  /** What accounts reach, each walk of the role graph guarded against cycles, all in one read. */
  effective(ids: readonly string[]): Promise<(EffectiveRights | null)[]>;
  /** Until the end of the unit of work no other unit that asks for this goes on: changes of rights come one by one. */
  lockAdministration(): Promise<void>;
  /** Whether an active account reaches `*`. */
  hasAdministrator(): Promise<boolean>;
  isEmpty(): Promise<boolean>;
}

export const accountStore = definePort<AccountStore>('platform.accounts');

export const accountName = line('name', { min: 1, max: 256 }).refine(
  (name) => !/\s/.test(name),
  'name may not hold white space.',
);

export const accountEmail = line('email', { max: 254 })
  .transform(foldText)
  .refine(
    (email) => /^[^\s@]+@[^\s@]+$/.test(email),
    'email must have one @ with text on both sides and no white space.',
  );

export const realName = line('realName', { max: 256 });

/** A list without its repetitions. */
export const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];
