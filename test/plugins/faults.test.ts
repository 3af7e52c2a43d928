import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Gateway } from '#gateway';
import { defineEvent } from '#kernel/event.ts';
import { createLogger } from '#kernel/log.ts';
import { definePlugin } from '#plugins/define.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { startWith } from './support.ts';

const fallen = defineEvent('faulty.vase.fell', z.object({ n: z.number() }), {
  type: 'VaseFell',
  description: 'It fell.',
  subject: null,
  seenWith: 'event:read',
});

const secretReason = 'the vase is under the carpet';
const fail = () => {
  throw new Error(secretReason);
};
let runs = 0;

/** Throws wherever a plugin has a say. */
const faulty = definePlugin({
  name: 'faulty',
  version: '1.0.0',
  description: 'Throws.',
  events: [fallen],
  checks: [
    { name: 'faulty', check: async () => fail() },
    { name: 'advice', advisory: true, check: async () => fail() },
  ],
  routes: [{ method: 'GET', path: '/faulty', description: 'Throws.', permission: null, handle: async () => fail() }],
  tasks: [
    {
      name: 'faulty.task',
      run: async () => {
        runs += 1;
        fail();
      },
    },
  ],
  schema(builder) {
    builder.queryField('faulty', (t) => t.string({ nullable: true, description: 'Throws.', resolve: fail }));
    builder.queryField('late', (t) =>
      t.string({
        nullable: true,
        description: 'Throws later.',
        resolve: async () => new Promise<string>((_, reject) => setTimeout(() => reject(new Error(secretReason)), 5)),
      }),
    );
    mutation(builder, 'vaseDrop', {
      description: 'Throws.',
      input: (t) => ({ n: t.int({ required: true }) }),
      resolve: (ctx, { n }) =>
        ctx.atomically(async (ctx) => {
          ctx.events.append(fallen, { n }, { scope: {} });
          if (n === 0) fail();
          return { n };
        }),
      success: (t) => ({ n: t.exposeInt('n', { description: 'Which one.' }) }),
    });
    feed(builder, 'vaseWatched', {
      description: 'Throws when it is asked what it wants.',
      events: [fallen],
      select: async () => fail(),
    });
    feed(builder, 'vaseFiltered', {
      description: 'Throws when it looks at the event of the number 13.',
      events: [fallen],
      select: async () => ({
        names: [fallen.name],
        matches: (event) => (event.data as { n: number }).n === 13 && fail(),
      }),
    });
    feed(builder, 'vaseSeen', {
      description: 'All.',
      events: [fallen],
      select: async () => ({ names: [fallen.name] }),
    });
  },
});

let gateway: Gateway;
let url: string;
let token: string;
beforeAll(async () => {
  gateway = await startWith([faulty], {}, { log: createLogger('silent') });
  url = await gateway.listen();
  const login =
    'mutation { login(input: { name: "admin", password: "a password of tests" }) { ... on LoginSuccess { token } } }';
  token = ((await ask(login)).data.login as { token: string }).token;
});
afterAll(() => gateway.dispose());

async function ask(query: string) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return (await answer.json()) as { data: Record<string, unknown>; errors?: { message: string; extensions: object }[] };
}

const drop = (n: number) =>
  ask(`mutation { vaseDrop(input: { n: ${n} }) { __typename ... on Error { code message } } }`);

describe('a plugin that throws', () => {
  test('in a resolver, at once or later, answers one masked error, and the rest of the answer stands', async () => {
    const { data, errors } = await ask('{ faulty late sites { totalCount } }');
    expect(data).toEqual({ faulty: null, late: null, sites: { totalCount: 0 } });
    expect(errors).toHaveLength(2);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(errors)).not.toContain(secretReason);
  });

  test('in a mutation answers GenericError with a trace id, and leaves no event', async () => {
    const { data } = await drop(0);
    expect(data.vaseDrop).toEqual({
      __typename: 'GenericError',
      code: 'INTERNAL',
      message: expect.stringMatching(/^Something went wrong\. Trace id: \S+\.$/),
    });
    expect((await ask('{ events(filter: { names: ["faulty.*"] }) { totalCount } }')).data).toEqual({
      events: { totalCount: 0 },
    });
  });

  test('in a task is begun again later, and disturbs nobody', async () => {
    gateway.work();
    await expect.poll(() => runs).toBe(1);
    expect((await ask('{ sites { totalCount } }')).data).toEqual({ sites: { totalCount: 0 } });
  });

  test('in a check makes the gateway unready by its name, unless it only advises', async () => {
    const answer = await fetch(`${url}/health/ready`);
    expect(answer.status).toBe(503);
    const { checks } = (await answer.json()) as { checks: object };
    expect(checks).toMatchObject({ faulty: { ok: false }, advice: { ok: false, advisory: true } });
    expect(JSON.stringify(checks)).not.toContain(secretReason);
  });

  test('in a route answers 500, masked', async () => {
    const answer = await fetch(`${url}/faulty`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain(secretReason);
  });

  test('in the selection of a subscription refuses that stream, masked', async () => {
    const client = socketClient(url, token);
    const errors = await subscribeOver(client, 'subscription { vaseWatched { __typename } }').ended;
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }]);
    expect(JSON.stringify(errors)).not.toContain(secretReason);
    await client.dispose();
  });

  test('in the filter of a subscription ends that stream before the event, and others get everything', async () => {
    const client = socketClient(url, token);
    const filter = 'subscription { vaseFiltered(hello: true) { __typename ... on VaseFell { n } } }';
    const filtered = subscribeOver(client, filter);
    const other = await subscribeBySse(url, filter, {}, { authorization: `Bearer ${token}` });
    const seen = subscribeOver(client, 'subscription { vaseSeen(hello: true) { __typename ... on VaseFell { n } } }');
    await Promise.all([filtered.reach(1), seen.reach(1), other.reach(1)]);
    for (const n of [12, 13, 14]) await drop(n);
    await seen.reach(4);
    expect(seen.items.slice(1).map((item) => item.data?.vaseSeen)).toEqual(
      [12, 13, 14].map((n) => ({ __typename: 'VaseFell', n })),
    );
    const errors = await filtered.ended;
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }]);
    expect(JSON.stringify(errors)).not.toContain(secretReason);
    await other.ended;
    // False for 12, which is not delivered; 13 ends it.
    expect(filtered.items).toHaveLength(1);
    await client.dispose();
  });
});
