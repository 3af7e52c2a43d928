/** A gateway with nothing but an event of its own and accounts whose rights a test decides: for what is live alone. */
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway';
import { catalogue } from '#kernel/catalogue.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { defineEvent } from '#kernel/event.ts';
import { grantedRights } from '#kernel/permission.ts';
import { definePresent, type Present, presentStates } from '#kernel/present.ts';
import { anonymousViewer, authenticator, type Viewer } from '#kernel/viewer.ts';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { connections } from '#schema/platform/connection.ts';
import { events } from '#schema/platform/event.ts';

const ticked = defineEvent('probe.clock.ticked', z.object({ n: z.number().int(), pad: z.string() }), {
  description: 'A clock of the test ticked.',
  subject: null,
  seenWith: 'event:read',
});

/** Where the hands of a clock stand. */
const hands = definePresent<{ readonly at: string; readonly pad?: string }>('ClockHands');

declare module '#schema/builder.ts' {
  interface Shapes {
    ClockHands: { readonly state: { readonly at: string; readonly pad?: string } };
  }
}

/** The tick after which a clock stands still. */
export const lastTick = -1;

const bannered = defineEvent('probe.account.changed', z.object({}), {
  description: 'What an account may do changed.',
  subject: null,
  seenWith: 'event:read',
});

/** The accounts of a probe: their permissions, or why they are none any more. */
export interface Accounts {
  /** By name, which is the token as well. */
  readonly rights: Map<string, readonly string[] | { readonly ended: string }>;
  /** How long it takes to read the rights of somebody. */
  delay: number;
  /** How clocks are kept to stand, beside what is told of them. */
  readonly kept: Map<string, Present>;
}

function probePlugin(accounts: Accounts) {
  return definePlugin({
    name: 'probe',
    version: '1.0.0',
    description: 'Ticks when told to.',
    uses: { catalogue },
    provides: [authenticator],
    events: [ticked, bannered],
    permissions: [
      {
        name: 'event',
        description: 'Events of the test.',
        verbs: { read: { description: 'Reads them.' } },
        scope: 'kinds',
        kinds: { lane: { resolve: async (_, text) => text, display: async (_, id) => id } },
      },
    ],
    schema(builder) {
      events(builder);
      connections(builder);
      builder.queryField('viewer', (t) =>
        t.string({
          description: 'Who asks.',
          extensions: { personal: true },
          resolve: (_, __, ctx) => ctx.viewer.name,
        }),
      );
      mutation(builder, 'clockTick', {
        description: 'Ticks once for each number.',
        input: (t) => ({
          ns: t.intList({ required: true }),
          lane: t.string({ required: false }),
          subject: t.string({ required: false }),
          pad: t.int({ required: false }),
          about: t.string({ required: false }),
        }),
        resolve: (ctx, { ns, lane, pad, subject, about }) =>
          ctx.atomically(async (ctx) => {
            for (const n of ns) {
              const scope = { lane: lane ?? 'a' };
              if (about) ctx.events.append(bannered, {}, { subject: about, scope: { lane: 'none' } });
              ctx.events.append(ticked, { n, pad: 'x'.repeat(pad ?? 0) }, { subject: subject ?? `s${n % 3}`, scope });
            }
            return { count: ns.length };
          }),
        success: (t) => ({ count: t.exposeInt('count', { description: 'How many.' }) }),
      });
      feed(builder, 'clockChanged', {
        description: 'Its ticks.',
        args: (arg) => ({ subjects: arg.stringList({}) }),
        events: [ticked],
        select: async (_, { subjects }) => ({
          names: [ticked.name],
          ...(subjects && { subjects: new Set(subjects) }),
        }),
      });
      builder.objectType('ClockHands', {
        description: 'Where the hands stand.',
        interfaces: ['LiveItem'] as never,
        fields: (t) => ({
          at: t.string({ description: 'There.', resolve: ({ state }) => state.at }),
          pad: t.string({ nullable: true, description: 'As long as wanted.', resolve: ({ state }) => state.pad }),
        }),
      });
      feed(builder, 'handsChanged', {
        description: 'Ticks of one clock, and where its hands stand, until it stands still.',
        args: (arg) => ({ subject: arg.string({ required: true }) }),
        events: [ticked],
        present: hands,
        select: async (_, { subject }) => ({
          names: [ticked.name],
          subjects: new Set([subject]),
          present: {
            type: hands.type,
            subject,
            read: async () => accounts.kept.get(subject) ?? { state: { at: 'kept' }, ended: false },
          },
          ends: ({ data }) => (data as { n: number }).n === lastTick,
        }),
      });
    },
    setup({ provide, ports }) {
      const viewerOf = (name: string): Viewer | { ended: string } => {
        const held = accounts.rights.get(name) ?? { ended: 'Unknown' };
        if ('ended' in held) return held;
        const rights = grantedRights(held, ports.catalogue.areas);
        return { ...anonymousViewer(rights), kind: 'ACCOUNT', id: name, name };
      };
      provide(authenticator, {
        challenges: [],
        affects: (event) => (event.name === bannered.name ? { who: 'account', id: event.subject ?? '' } : null),
        async authenticate(request) {
          const authorization = request.payload?.authorization ?? request.header('authorization')[0];
          const given =
            request.payload?.token ?? (authorization && String(authorization).replace('Bearer ', '')) ?? 'all';
          const viewer = viewerOf(String(given));
          if ('ended' in viewer) throw new AuthenticationError(viewer.ended);
          return viewer;
        },
        async refresh(viewer) {
          if (accounts.delay > 0) await new Promise((resolve) => setTimeout(resolve, accounts.delay));
          const now = viewerOf(viewer.name);
          return 'ended' in now ? now : { viewer: now };
        },
      });
      return undefined;
    },
  });
}

export interface Probe {
  readonly gateway: Gateway;
  readonly url: string;
  readonly accounts: Accounts;
  /** Tells where the hands of a clock stand. */
  tell(subject: string, at: string, pad?: string): void;
  /** Ticks, and waits for the commit. */
  tick(ns: readonly number[], input?: Record<string, unknown>): Promise<void>;
  /** A figure of the gateway's metrics. */
  figure(name: string): Promise<number>;
}

export async function openProbe(config: Record<string, unknown> = {}, options: GatewayOptions = {}): Promise<Probe> {
  const accounts: Accounts = { rights: new Map([['all', ['event:read']]]), delay: 0, kept: new Map() };
  const gateway = await createGateway({
    ...options,
    config: {
      plugins: [storageMemory, probePlugin(accounts)],
      dataDir: 'memory://',
      http: { port: 0 },
      log: { level: 'silent' },
      ...config,
    },
  });
  const url = await gateway.listen();
  return {
    gateway,
    url,
    accounts,
    tell(subject, at, pad) {
      gateway
        .context()
        .use(presentStates)
        .tell(hands, subject, { at, ...(pad !== undefined && { pad }) });
    },
    async tick(ns, input = {}) {
      // As requests from outside do: the sockets get their turn in between.
      await turn();
      const { data, errors } = await gateway.execute({
        document:
          'mutation ($input: ClockTickInput!) { clockTick(input: $input) { __typename ... on Error { message } } }',
        variables: { input: { ns, ...input } },
      });
      const answer = data?.clockTick as { __typename: string } | undefined;
      if (errors || answer?.__typename !== 'ClockTickSuccess') throw new Error(JSON.stringify({ answer, errors }));
    },
    async figure(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^gatehouse_${name}(?:\\{.*\\})? (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    },
  };
}

export const ticks =
  'subscription ($after: EventCursor, $hello: Boolean, $overflow: OverflowPolicy, $subjects: [String!]) { clockChanged(after: $after, hello: $hello, overflow: $overflow, subjects: $subjects) { __typename ... on ClockTicked { n } ... on Gap { from to reason } ... on Subscribed { head } } }';
