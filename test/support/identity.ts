/** A gateway with accounts in memory, a clock that the test moves, and viewers that came through the real chain. */
import { createGateway, type Gateway } from '#gateway';
import type { Clock } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { type AppendedEvent, eventLog, type StoredEvent } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import type { Logger } from '#kernel/log.ts';
import { authenticator, type CredentialRequest, type Viewer } from '#kernel/viewer.ts';
import { auth } from '#plugins/auth.ts';
import { authLucia } from '#plugins/auth-lucia/plugin.ts';
import { authToken } from '#plugins/auth-token/plugin.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { platform } from '#plugins/platform.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import type { Account } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';

export const adminPassword = 'correct horse battery';

export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
}

export function manualClock(): ManualClock {
  let now = Date.UTC(2026, 0, 1);
  return {
    now: () => now,
    after: () => ({ cancel() {} }),
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** A small tree of things and a list of jobs, to be granted on. */
export const testAreas = definePlugin({
  name: 'test-areas',
  version: '1.0.0',
  description: 'Areas with every form of scope.',
  permissions: [
    {
      name: 'zoo',
      description: 'Things in a tree: pen lies in house, house in park.',
      scope: 'kinds',
      kinds: {
        place: {
          resolve: async (_, text) =>
            ['park', 'house', 'pen'].find((place) => text === place || text === `id-${place}`) ?? null,
          display: async (_, id) => `the-${id}`,
          ancestors: async (_, id) => ({ place: { park: [], house: ['park'], pen: ['park', 'house'] }[id] ?? [] }),
        },
        alias: {
          resolve: async () => ({ kind: 'place', value: 'pen' }),
          display: async (_, id) => id,
        },
      },
      verbs: {
        read: { description: 'Read.', standard: true },
        create: { description: 'Create.' },
        update: { description: 'Update.' },
        write: { description: 'Write.' },
      },
      implies: { write: ['read'] },
    },
    {
      name: 'job',
      description: 'Jobs.',
      scope: 'pattern',
      verbs: { read: { description: 'Read.' }, execute: { description: 'Execute.' } },
      implies: { execute: ['read'] },
    },
    {
      name: 'store',
      description: 'Documents.',
      scope: 'path',
      fact: 'path',
      verbs: { read: { description: 'Read.' }, write: { description: 'Write.' } },
    },
  ],
  roles: [{ name: 'keeper', realName: 'Keeper', permissions: ['zoo:write@place/house'] }],
});

export interface Identity {
  readonly gateway: Gateway;
  readonly clock: ManualClock;
  /** A context of the gateway itself. */
  readonly system: Context;
  /** An account that holds these permissions, and a context of it by an API key. */
  person(permissions?: readonly string[], over?: Partial<Parameters<typeof createAccount>[1]>): Promise<Person>;
  /** The viewer behind headers. */
  authenticate(
    headers: Readonly<Record<string, string | string[]>>,
    over?: Partial<CredentialRequest>,
  ): Promise<Viewer>;
  context(viewer: Viewer, address?: string): Context;
  /** The names of the events since the last call, in order, without those of the first start. */
  told(): Promise<string[]>;
  tellings(): Promise<StoredEvent[]>;
  /** Asks over HTTP. */
  ask(query: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface Person {
  readonly account: Account;
  readonly key: string;
  readonly keyId: string;
  readonly ctx: Context;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the answer to any document
  readonly data: any;
  readonly errors: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

export async function openIdentity(
  config: Readonly<Record<string, unknown>> = {},
  plugins: readonly GatehousePlugin[] = [storageMemory],
  keeps: (plugin: GatehousePlugin) => boolean = () => true,
  log?: Logger,
  clock: ManualClock = manualClock(),
): Promise<Identity> {
  const gateway = await createGateway({
    clock,
    ...(log && { log }),
    config: {
      plugins: [...plugins, auth, authLucia, authToken, platform, testAreas].filter(keeps),
      dataDir: 'memory://',
      log: { level: 'silent' },
      accounts: { adminPassword },
      ...config,
    },
  });
  const system = gateway.context();
  let seen = 0;

  const identity: Identity = {
    gateway,
    clock,
    system,
    async person(permissions = [], over = {}) {
      const name = over.name ?? `p${newId().slice(-12)}`;
      const account = await createAccount(system, { name, permissions: [...permissions], roles: [], ...over });
      const { key, apiKey } = await createApiKey(system, { account: { id: account.id }, name: 'test' });
      const viewer = await identity.authenticate({ authorization: `Bearer ${key}` });
      return { account, key, keyId: apiKey.id, ctx: identity.context(viewer) };
    },
    authenticate: (headers, over = {}) =>
      system.use(authenticator).authenticate({
        header: (name) => [headers[name] ?? []].flat(),
        method: 'POST',
        peerAddress: '10.0.0.1',
        clientAddress: '10.0.0.1',
        payload: null,
        ...over,
      }),
    context: (viewer, address = '10.0.0.1') => gateway.context({ viewer, request: { address } }),
    async tellings() {
      const log = system.use(eventLog);
      while ((await log.number(1000)) > 0);
      const events = await log.read(seen, 1000);
      seen = events.at(-1)?.sequence ?? seen;
      return events;
    },
    told: async () => (await identity.tellings()).map(({ name }: AppendedEvent) => name.replace('platform.', '')),
    async ask(query, headers = {}) {
      const answer = await gateway.fetch(
        new Request('http://localhost:4000/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ query }),
        }),
      );
      const { data = null, errors = [] } = (await answer.json()) as Partial<Answer>;
      return { status: answer.status, headers: answer.headers, data, errors };
    },
  };
  await identity.told();
  return identity;
}
