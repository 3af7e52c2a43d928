import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { fromGlobalId, newId } from '#kernel/id.ts';
import { trimEventLog } from '#resolvers/platform/events/retention.ts';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { admin, ask, signIn } from '../../support/gateway-process.ts';

let gateway: Gateway;
let url: string;
let boss: string;

beforeAll(async () => {
  gateway = await createGateway({
    config: {
      dataDir: `memory://${newId()}`,
      http: { port: 0 },
      log: { level: 'error' },
      accounts: { adminEmail: 'admin@example.org', adminPassword: admin.password },
    },
  });
  url = await gateway.listen();
  boss = await signIn(url);
});
afterAll(() => gateway.dispose());

const run = <Data>(query: string, variables = {}, token = boss) => ask<Data>(url, query, variables, token);

async function made(name: string): Promise<string> {
  const query =
    'mutation ($input: SiteCreateInput!) { siteCreate(input: $input) { ... on SiteCreateSuccess { site { id } } } }';
  const { siteCreate } = await run<{ siteCreate: { site: { id: string } } }>(query, { input: { name } });
  return siteCreate.site.id;
}

interface Listed {
  readonly events: {
    readonly totalCount: number;
    readonly edges: readonly {
      readonly cursor: string;
      readonly node: { readonly id: string; readonly name: string };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}
const list = (variables: object, token?: string) =>
  run<Listed>(
    'query ($filter: EventFilter, $first: Int, $after: String) { events(filter: $filter, first: $first, after: $after) { totalCount edges { cursor node { id name } } pageInfo { hasNextPage endCursor } } }',
    variables,
    token,
  );

/** An account with these permissions and nothing else. */
async function personWith(permissions: readonly string[]): Promise<{ id: string; token: string }> {
  const name = `p${newId()}`;
  const query =
    'mutation ($input: AccountCreateInput!) { accountCreate(input: $input) { ... on AccountCreateSuccess { account { id } } ... on Error { message } } }';
  const { accountCreate } = await run<{ accountCreate: { account: { id: string } } }>(query, {
    input: { name, password: 'a quiet long password', permissions },
  });
  return { id: accountCreate.account.id, token: await signIn(url, { name, password: 'a quiet long password' }) };
}

describe('the history', () => {
  test('is paged newest first, filtered by name, subject, scope, actor and time, with cursors that streams understand', async () => {
    const before = new Date().toISOString();
    const sites = [await made('A'), await made('B'), await made('C')] as const;
    const names = ['network.site.*'];
    const first = await list({ filter: { names, from: before }, first: 2 });
    expect(first.events.totalCount).toBe(3);
    expect(first.events.pageInfo.hasNextPage).toBe(true);
    const rest = await list({ filter: { names, from: before }, first: 2, after: first.events.pageInfo.endCursor });
    expect(rest.events.edges).toHaveLength(1);
    expect((await list({ filter: { subjects: [sites[1]] } })).events.totalCount).toBe(1);
    const scope = [{ kind: 'site', value: fromGlobalId(sites[2])?.id }];
    expect((await list({ filter: { scope } })).events.totalCount).toBe(1);
    expect((await list({ filter: { names, to: before } })).events.totalCount).toBe(0);
    const { profile } = await run<{ profile: { account: { id: string } } }>('{ profile { account { id } } }');
    expect((await list({ filter: { names, actor: profile.account.id, from: before } })).events.totalCount).toBe(3);
    // The cursor of the oldest of the three resumes a stream behind it.
    const client = socketClient(url, boss);
    const oldest = rest.events.edges[0]?.cursor;
    const stream = subscribeOver(
      client,
      'subscription ($after: EventCursor) { events(after: $after, filter: { names: ["network.site.created"] }) { ... on SiteCreated { site { name } before after } } }',
      { after: oldest },
    );
    await stream.reach(2);
    expect(stream.items.map((item) => (item.data?.events as { site: unknown } | undefined)?.site)).toEqual([
      { name: 'B' },
      { name: 'C' },
    ]);
    stream.stop();
    await client.dispose();
  });

  test('shows each event to those alone who hold its own right, in lists, by id and in their number', async () => {
    const mine = await made('Mine');
    const other = await made('Other');
    const uuid = fromGlobalId(mine)?.id;
    const { token } = await personWith(['event:read', `network:read@site/${uuid}`]);
    const seen = await list({ filter: { names: ['network.*'] } }, token);
    expect(seen.events.totalCount).toBe(1);
    const all = await list({ filter: { subjects: [mine, other] } });
    const [newest, older] = all.events.edges.map((edge) => edge.node.id);
    const byId = (id: string | undefined) =>
      run<{ event: { name: string; subjectId: string } | null; node: unknown }>(
        'query ($id: ID!) { event(id: $id) { name subjectId } node(id: $id) { id } }',
        { id },
        token,
      );
    expect(await byId(older)).toEqual({
      event: { name: 'network.site.created', subjectId: mine },
      node: { id: older },
    });
    expect(await byId(newest)).toEqual({ event: null, node: null });
  });

  test('shows an account what concerns itself, and nobody else without the right', async () => {
    const anna = await personWith(['event:read']);
    const ben = await personWith(['event:read']);
    const about = async (id: string, token: string) =>
      (await list({ filter: { subjects: [id] } }, token)).events.totalCount;
    expect(await about(anna.id, anna.token)).toBe(1);
    expect(await about(anna.id, ben.token)).toBe(0);
    expect(await about(anna.id, boss)).toBe(1);
  });

  test('needs event:read', async () => {
    const { token } = await personWith(['network:read']);
    await expect(list({}, token)).rejects.toThrow('Needs event:read');
    await expect(run('{ eventLog { head } }', {}, token)).rejects.toThrow('FORBIDDEN');
  });

  test('refuses filters that mean nothing, naming the part', async () => {
    await expect(list({ filter: { names: ['Not A Pattern'] } })).rejects.toThrow('is no event pattern');
    await expect(list({ filter: { actor: 'garbage' } })).rejects.toThrow('is no id of an account');
    await expect(list({ filter: { from: 'yesterday' } })).rejects.toThrow('Give an instant');
    await expect(list({ after: 'garbage' })).rejects.toThrow('Not a cursor of this log.');
    await expect(list({ first: 1001 })).rejects.toThrow('first is 1001, the most is 1000.');
  });

  test('holds no secret of those who sign in', async () => {
    const { events } = await run<{ events: { nodes: unknown[] } }>(
      '{ events(first: 1000) { nodes { data before after actor { name } } } }',
    );
    const text = JSON.stringify(events);
    expect(text).not.toContain(admin.password);
    expect(text).not.toContain('a quiet long password');
    expect(text).not.toContain('argon2');
    expect(text).not.toMatch(/g[ksr]_[\w-]{20}/);
  });
});

describe('the firehose', () => {
  test('delivers every kind of event that the viewer may see, links to subjects included, and no other', async () => {
    const site = await made('Live');
    const { token } = await personWith(['event:read', `network:read@site/${fromGlobalId(site)?.id}`]);
    const client = socketClient(url, token);
    const stream = subscribeOver(
      client,
      'subscription { events(filter: { names: ["*"] }, hello: true) { __typename ... on Event { name subject { __typename id } actor { name } } } }',
    );
    await stream.reach(1);
    await made('Hidden');
    await run('mutation ($input: DeviceCreateInput!) { deviceCreate(input: $input) { __typename } }', {
      input: { site: { name: 'Live' }, hostname: 'seen' },
    });
    await stream.reach(2);
    expect(stream.items[1]?.data?.events).toMatchObject({
      __typename: 'DeviceCreated',
      name: 'network.device.created',
      subject: { __typename: 'Device' },
      actor: { name: 'admin' },
    });
    expect(stream.items).toHaveLength(2);
    await client.dispose();
  });
});

describe('retention', () => {
  test('deletes what is live and old, keeps audit history, moves the floor and says so', async () => {
    const log = gateway.context().use(eventLog);
    const { head } = await log.state();
    const before = (await list({ filter: { names: ['network.*'] } })).events.totalCount;
    // A live event, then a moment later the sweep.
    await gateway.context().atomically(async (ctx) => {
      const { eventLogTrimmed } = await import('#resolvers/platform/events/retention.ts');
      ctx.events.append(eventLogTrimmed, { floor: 1 }, { scope: {} });
    });
    await run('{ eventLog { head } }');
    await expect.poll(async () => (await log.state()).head).toBe(head + 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const floor = await trimEventLog(gateway.context(), { live: 10, audit: null });
    expect(floor).toBe(head + 2);
    expect((await list({ filter: { names: ['network.*'] } })).events.totalCount).toBe(before);
    const trimmed = await list({ filter: { names: ['platform.eventLog.trimmed'] } });
    expect(trimmed.events.totalCount).toBe(1);
    expect(await trimEventLog(gateway.context(), { live: 1_000_000, audit: null })).toBe(floor);
  });
});
