/** A gateway with the network domain on a storage, and viewers whose rights a test decides. */
import { createGateway, type Gateway } from '#gateway';
import { type Catalogue, catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import { grants } from '#kernel/grants.ts';
import { newId } from '#kernel/id.ts';
import { grantedRights } from '#kernel/permission.ts';
import { anonymousViewer, authenticator, type Viewer } from '#kernel/viewer.ts';
import { definePlugin } from '#plugins/define.ts';
import { network } from '#plugins/network.ts';
import { provideAll } from '#plugins/provision.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { stores } from '#plugins/storage-prisma/stores.ts';
import { createSite } from '#resolvers/network/sites/create.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { embeddedDatabase } from './database.ts';

export interface TestNetwork {
  readonly gateway: Gateway;
  /** A context with every right. */
  readonly all: Context;
  /** A context of an account with these permissions; they may name ids only. */
  as(...permissions: string[]): Context;
  readonly anonymous: Context;
  /** A new Site of its own. */
  site(name?: string): Promise<Site>;
  /** What happened last in a Site, or to it, in order: a thousand events at most. */
  events(site: Site, pattern?: string): Promise<StoredEvent[]>;
  /** How many SQL statements the work sent to the embedded database about the tables of the domain. */
  statements(work: () => Promise<unknown>): Promise<number>;
  /** Permissions that behaviour gave, in order. */
  readonly given: { readonly account: string; readonly permission: string }[];
}

/** What a test keeps things in: a server by its address, or a database that the test has opened and closes. */
export type TestStorage = 'memory' | 'embedded' | { readonly url: string } | { readonly database: Database };

export async function openNetwork(
  storage: TestStorage = 'embedded',
  config: Readonly<Record<string, unknown>> = {},
): Promise<TestNetwork> {
  const given: { account: string; permission: string }[] = [];
  let statements = 0;
  const plugin = storagePlugin(storage, (sql) => {
    if (ofThisDomain.test(sql)) statements += 1;
  });
  const gateway = await createGateway({
    config: {
      plugins: [plugin, secretBoxPlugin, network, accounts(given)],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
      http: { port: 0 },
      ...(typeof storage === 'object' && 'url' in storage && { storage: { url: storage.url, poolSize: 20 } }),
      ...config,
    },
  });
  const all = gateway.context();
  return {
    gateway,
    all,
    given,
    async statements(work) {
      const before = statements;
      await work();
      return statements - before;
    },
    anonymous: gateway.context({ viewer: anonymousViewer() }),
    as: (...permissions) => gateway.context({ viewer: holder(permissions, gateway.catalogue.areas) }),
    site: (name = `Site ${newId()}`) => createSite(all, { name }),
    async events(site, pattern = 'network.*') {
      const log = all.use(eventLog);
      while ((await log.number(1000)) > 0);
      const filter = { names: [pattern], scope: [{ kind: 'site', value: site.id }] };
      const page = await log.page(filter, 'all', {
        limit: 1000,
        direction: 'forward',
        after: null,
        before: null,
        offset: 0,
      });
      return page.items.map(({ node }) => node).toReversed();
    },
  };
}

/** The sequencer and the upkeep of the database send statements of their own at any time. */
const ofThisDomain =
  /\b(FROM|JOIN|INTO|UPDATE)\s+("public"\.)?"?(site|attribute\w*|device|network\w*|assignment|circuit\w*|protocol\w*)\b/;

/** The storage of a gateway: memory, a new embedded database, or the server that the config names. */
export function storagePlugin(storage: TestStorage, onStatement: (sql: string) => void = () => undefined) {
  if (storage === 'memory') return storageMemory;
  if (typeof storage === 'object' && 'url' in storage) return storagePrisma;
  return definePlugin({
    name: 'storage-counted',
    version: '1.0.0',
    description: 'The embedded database, with a count of its statements.',
    provides: stores.map(({ port }) => port),
    async setup({ provide }) {
      const given = typeof storage === 'object' ? storage.database : null;
      const database = given ?? (await embeddedDatabase({ onStatement }));
      provideAll(provide, stores, openSessions(database));
      return given ? undefined : () => database.close();
    },
  });
}

/** An account with these permissions. */
export const holder = (permissions: readonly string[], areas: Catalogue['areas']): Viewer => ({
  ...anonymousViewer(grantedRights(permissions, areas)),
  kind: 'ACCOUNT',
  id: newId(),
  name: 'somebody',
});

/** Takes the place of the accounts, which have tests of their own. */
export const accounts = (given: { account: string; permission: string }[]) =>
  definePlugin({
    name: 'accounts-of-the-test',
    version: '1.0.0',
    description: 'Says yes to nobody, and remembers what was given.',
    uses: { catalogue },
    provides: [grants, authenticator],
    setup({ provide, ports }) {
      provide(grants, {
        async give(_, account, ...permissions) {
          given.push(...permissions.map((permission) => ({ account, permission })));
        },
        take: async () => {},
      });
      provide(authenticator, {
        challenges: [],
        affects: () => null,
        // The token is the list of permissions.
        async authenticate(request) {
          const token = request.payload?.['token'] ?? request.header('authorization')[0]?.replace('Bearer ', '');
          if (typeof token !== 'string') throw new AuthenticationError('Nobody signs in here without a token.');
          return holder(token.split(' '), ports.catalogue.areas);
        },
        refresh: async (viewer) => ({ viewer }),
      });
      return undefined;
    },
  });

/** The first page of a list, large enough for a test. */
export const wholePage = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 } as const;
