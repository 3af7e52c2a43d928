import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type {
  ExternalIdentity,
  ExternalIdentityStore,
} from '#resolvers/platform/external-identities/external-identity.ts';

const externalIdentityTable = defineTable<ExternalIdentity>('external_identity');

const keyOf = (issuer: string, subject: string) => JSON.stringify([issuer, subject]);

export class MemoryExternalIdentities implements ExternalIdentityStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  find(issuer: string, subject: string): Promise<string | null> {
    return this.#session.run((tables) => tables(externalIdentityTable).get(keyOf(issuer, subject))?.accountId ?? null);
  }

  link({ issuer, subject, accountId }: ExternalIdentity): Promise<boolean> {
    return this.#session.run((tables) => {
      const table = tables(externalIdentityTable);
      const key = keyOf(issuer, subject);
      if (table.has(key)) return false;
      table.set(key, { issuer, subject, accountId });
      return true;
    });
  }

  async unlinkAll(accountId: string): Promise<void> {
    await this.#session.run((tables) => {
      const table = tables(externalIdentityTable);
      for (const { issuer, subject } of [...table.values()].filter((row) => row.accountId === accountId))
        table.delete(keyOf(issuer, subject));
    });
  }
}
