import { definePort } from '#kernel/port.ts';

/** Whom an issuer of tokens means by a subject. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly accountId: string;
}

/** What the platform asks of the storage of external identities. */
export interface ExternalIdentityStore {
  /** Row id of the account that the subject of an issuer is. */
  find(issuer: string, subject: string): Promise<string | null>;
  /** False when the subject is somebody's already; of racing callers exactly one links it. */
  link(identity: ExternalIdentity & { readonly createdAt: string }): Promise<boolean>;
  /** Forgets every subject that an account is. */
  unlinkAll(accountId: string): Promise<void>;
}

export const externalIdentityStore = definePort<ExternalIdentityStore>('platform.externalIdentities');
