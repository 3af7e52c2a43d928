import type { Session } from '#plugins/storage-prisma/session.ts';
import type {
  ExternalIdentity,
  ExternalIdentityStore,
} from '#resolvers/platform/external-identities/external-identity.ts';

export class PrismaExternalIdentities implements ExternalIdentityStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async find(issuer: string, subject: string): Promise<string | null> {
    const found = await this.#session.run((db) =>
      db.externalIdentity.findUnique({ where: { issuer_subject: { issuer, subject } } }),
    );
    return found?.accountId ?? null;
  }

  async link(identity: ExternalIdentity & { readonly createdAt: string }): Promise<boolean> {
    const { count } = await this.#session.run((db) =>
      db.externalIdentity.createMany({ data: [identity], skipDuplicates: true }),
    );
    return count === 1;
  }

  async unlinkAll(accountId: string): Promise<void> {
    await this.#session.run((db) => db.externalIdentity.deleteMany({ where: { accountId } }));
  }
}
