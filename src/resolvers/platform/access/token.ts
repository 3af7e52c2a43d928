import type { PermissionArea } from '#kernel/catalogue.ts';
import type { Rights } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/** That an account was given a token, and for what. The token itself is kept nowhere. */
export interface AccessToken {
  readonly accountId: string;
  /** The name that the account had then: it outlives the account. */
  readonly accountName: string;
  readonly protocol: string;
  /** Sorted. */
  readonly databases: readonly string[];
  /** ISO 8601 in UTC with milliseconds. */
  readonly createdAt: string;
}

/** What the platform asks of the storage of tokens that were handed out. */
export interface AccessTokenStore {
  /** Those of these accounts, of all protocols. */
  ofAccounts(accountIds: readonly string[]): Promise<AccessToken[]>;
  /** Ids of accounts that have any, rising, after this one. */
  holders(after: string | null, limit: number): Promise<string[]>;
  /** Keeps it, in place of the one of this account and protocol. */
  put(token: AccessToken): Promise<void>;
  remove(accountId: string, protocol: string): Promise<void>;
}

export const accessTokenStore = definePort<AccessTokenStore>('platform.accessTokens');

export const mayUse = (rights: Rights, protocol: string, database: string): boolean =>
  rights.covers('access:use', { access: `${protocol}/${database}` });

export const accessArea: PermissionArea = {
  name: 'access',
  description: 'Databases of other systems, as `protocol/database`.',
  scope: 'key',
  verbs: { use: { description: 'Have a token for the database.' } },
};
