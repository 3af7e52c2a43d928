import { createHash, randomBytes } from 'node:crypto';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';

/** A long-lived credential of an account. Instants are ISO 8601 in UTC with milliseconds. */
export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  /** Unique in its account. */
  readonly name: string;
  /** The eight characters after `gk_`: how people tell keys apart. */
  readonly prefix: string;
  /** Narrows the rights of the account to these, as they are kept; null for all of them. */
  readonly permissions: readonly string[] | null;
  readonly expiresAt: string | null;
  /** Networks from which it is accepted; from everywhere when there are none. */
  readonly addresses: readonly string[];
  /** Written at most once a minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  readonly createdAt: string;
}

export type NewApiKey = ApiKey & {
  /** SHA-256 of the whole key, in base64url. The key itself is kept nowhere. */
  readonly keyHash: string;
};

/** What the platform asks of the storage of API keys. */
export interface ApiKeyStore {
  getMany(ids: readonly string[]): Promise<(ApiKey | null)[]>;
  findByHash(keyHash: string): Promise<ApiKey | null>;
  /** Those of one account, revoked ones included, newest first. Positions are the id. */
  page(accountId: string, request: PageRequest): Promise<Page<ApiKey>>;
  /** Null when the account has a key of this name; of racing callers exactly one gets it. */
  insert(key: NewApiKey): Promise<ApiKey | null>;
  /** The key as it is then, or null when it is gone or was revoked before. */
  revoke(id: string, at: string): Promise<ApiKey | null>;
  /** Forgets all keys of an account. */
  deleteAll(accountId: string): Promise<void>;
  /** Remembers a use, unless one was remembered after `unlessAfter`. */
  recordUse(id: string, at: string, unlessAfter: string): Promise<void>;
}

export const apiKeyStore = definePort<ApiKeyStore>('platform.apiKeys');

/** The kind of credential that an API key is. */
export const apiKeyCredential = 'API_KEY';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new key: `gk_`, a prefix of eight characters, `_`, and 32 random bytes in base64url. */
export function makeKey(): { key: string; prefix: string } {
  const prefix = [...randomBytes(8)].map((byte) => letters[byte % letters.length]).join('');
  return { key: `gk_${prefix}_${randomBytes(32).toString('base64url')}`, prefix };
}

/** How a secret that is random enough is kept and found. */
export const hashSecret = (text: string): string => createHash('sha256').update(text).digest('base64url');
