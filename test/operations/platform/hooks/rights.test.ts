import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId, toGlobalId } from '#kernel/id.ts';
import { createHook } from '#resolvers/platform/hooks/create.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { socketClient, subscribeOver } from '../../../support/clients.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';

let house: HookHouse;
let ann: Hooker;
let ben: Hooker;
let keeper: Hooker;
beforeAll(async () => {
  house = await openHooks({ works: false, config: { http: { port: 0 } } });
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await house.hooker('hook:write');
  ben = await house.hooker('hook:write');
  keeper = await house.hooker('hook:admin');
  await house.told();
});

let made = 0;
const target = () => `http://127.0.0.1:9/${++made}`;
const make = (by: Hooker, over: object = {}) =>
  by.change('hookCreate', { event: '*', target: target(), ...over }, 'secret hook { id number etag state }');
const made_ = async (by: Hooker, over: object = {}) => (await make(by, over)).hook as { id: string; etag: string };
const numbers = async (by: Hooker) => {
  const { data, errors } = await by.ask('{ hooks { totalCount nodes { id } } hookDeliveries { totalCount } }');
  return errors ? errors[0]?.extensions.code : data.hooks.nodes.map(({ id }: { id: string }) => id);
};

/** Every mutation of a hook, as `by` tries it. */
const attempts = async (by: Hooker, id: string) =>
  Promise.all(
    [
      ['hookUpdate', { globalHook: true }],
      ['hookReplace', { event: '*', target: target() }],
      ['hookDisable', {}],
      ['hookEnable', {}],
      ['hookSecretRotate', {}],
      ['hookReplay', { from: { start: true } }],
      ['hookDelete', {}],
    ].map(async ([name, input]) => (await by.change(name as string, { id, ...(input as object) }, '__typename')).code),
  );

describe('hooks', () => {
  test('are made with hook:write alone, and by who signed in', async () => {
    const reader = await house.hooker('hook:write');
    expect(await make(reader)).toMatchObject({ __typename: 'HookCreateSuccess', hook: { state: 'ACTIVE' } });
    const nobody = await house.hooker();
    expect(await make(nobody)).toMatchObject({ code: 'FORBIDDEN', message: 'Needs hook:write.' });
    const { data } = await house.ask(
      'mutation { hookCreate(input: { event: "*", target: "http://127.0.0.1:9/" }) { ... on Error { code } } }',
    );
    expect(data.hookCreate.code).toBe('UNAUTHENTICATED');
    expect(await house.told()).toEqual(expect.arrayContaining(['hook.created']));
  });

  test('of others are not to be known without hook:admin', async () => {
    const { id } = await made_(ann);
    expect(await attempts(ben, id)).toEqual(Array(7).fill('NOT_FOUND'));
    expect(await attempts(ben, toGlobalId('Hook', newId()))).toEqual(Array(7).fill('NOT_FOUND'));
    const seen = await ben.ask('query ($id: ID!) { hook(id: $id) { id } node(id: $id) { id } }', { id });
    expect(seen.data).toEqual({ hook: null, node: null });
    expect(await numbers(ben)).toEqual([]);
    expect(await numbers(ann)).toEqual([id]);
    expect(await numbers(keeper)).toContain(id);
    expect(await attempts(await house.hooker(), id)).toEqual(Array(7).fill('FORBIDDEN'));
    expect((await house.ask('{ hooks { totalCount } }')).errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect((await house.ask(`{ hook(id: "${id}") { id } }`)).errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect((await ann.ask('{ hook(id: "nonsense") { id } }')).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect((await house.told()).filter((name) => name.startsWith('hook'))).toEqual(['hook.created']);
  });

  test('of others are reached by hook:admin, which leads them nowhere that it may not see', async () => {
    const strong = await house.hooker('hook:write', 'role:read');
    const { id } = await made_(strong);
    const change = (input: object, by = keeper) =>
      by.change('hookUpdate', { id, ...input }, 'changed hook { globalHook target }');
    expect(await change({ globalHook: true })).toMatchObject({ changed: true, hook: { globalHook: true } });
    expect(await change({ target: target() })).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('you lack'),
      path: ['target'],
    });
    const peer = await house.hooker('hook:admin', 'role:read');
    expect(await change({ target: target() }, peer)).toMatchObject({ changed: true });
    expect(await keeper.change('hookDisable', { id }, 'changed')).toMatchObject({ changed: true });
    expect(await keeper.change('hookDelete', { id }, 'deletedId')).toMatchObject({ deletedId: id });
  });

  test('are made for others by who has all their rights', async () => {
    const strong = await house.hooker('role:read');
    const owner = { id: toGlobalId('Account', strong.account.id) };
    expect(await make(ann, { owner })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await make(keeper, { owner })).toMatchObject({ code: 'FORBIDDEN', path: ['owner'] });
    const peer = await house.hooker('hook:admin', 'role:read');
    expect(await make(peer, { owner })).toMatchObject({ __typename: 'HookCreateSuccess' });
    expect(await make(ann, { owner: { name: 'nobody at all' } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await make(peer, { owner: { name: 'nobody at all' } })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await numbers(strong)).toHaveLength(1);
  });

  test('let who reaches them see what they deliver, and the bodies only who may see the events', async () => {
    const { id } = await made_(ann, { event: 'platform.account.*', globalHook: true });
    expect(await ann.change('hookReplay', { id, from: { start: true } }, 'count')).toMatchObject({ count: 1 });
    const read = async (by: Hooker, delivery?: string) => {
      const { data } = await by.ask(
        `query ($filter: HookDeliveryFilter, $id: ID!) {
          hookDeliveries(filter: $filter) { nodes { id body event { name } hook { id } } }
          hookDelivery(id: $id) { state }
        }`,
        { filter: { hook: id }, id: delivery ?? toGlobalId('HookDelivery', newId()) },
      );
      return data;
    };
    const [own] = (await read(ann)).hookDeliveries.nodes;
    expect(own).toMatchObject({ event: { name: 'platform.account.created' }, hook: { id } });
    expect(JSON.parse(own.body).data.name).toBe(ann.account.name);
    expect(await read(ben, own.id)).toEqual({ hookDeliveries: { nodes: [] }, hookDelivery: null });
    const { hookDeliveries, hookDelivery } = await read(keeper, own.id);
    expect(hookDeliveries.nodes).toEqual([{ id: own.id, body: null, event: null, hook: { id } }]);
    expect(hookDelivery).toEqual({ state: 'PENDING' });
    const retry = async (by: Hooker) => by.change('hookDeliveryRetry', { id: own.id }, 'hookDelivery { series }');
    expect(await retry(ben)).toMatchObject({ code: 'NOT_FOUND', message: 'hook delivery not found' });
    expect(await retry(keeper)).toMatchObject({ hookDelivery: { series: 2 } });
    expect(await retry(await house.hooker())).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('show their secret once, and no event, list or log of theirs holds it', async () => {
    const { hook, secret } = await make(ann);
    const rotated = await ann.change('hookSecretRotate', { id: hook.id }, 'secret');
    expect([secret, rotated.secret]).toEqual([
      expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    ]);
    expect(rotated.secret).not.toBe(secret);
    const events = JSON.stringify(await house.tellings());
    const kept = JSON.stringify(await house.system.use(hookStore).secrets([(await first(ann)).id], '2020'));
    for (const text of [secret, rotated.secret]) {
      expect(events).not.toContain(text.slice(6));
      expect(kept).not.toContain(text.slice(6));
    }
    expect(JSON.parse(kept)[0]).toHaveLength(2);
  });

  const first = async (by: Hooker) => {
    const page = { limit: 1, direction: 'forward', after: null, before: null, offset: 0 } as const;
    const { items } = await house.system.use(hookStore).page({ owner: by.account.id }, null, page);
    return items[0]?.node ?? { id: '', etag: '' };
  };

  test('sign with no more than ten secrets at once', async () => {
    const { id } = await made_(ann);
    const rotate = (keepOld?: number) =>
      ann.change(
        'hookSecretRotate',
        { id, ...(keepOld !== undefined && { keepOld }) },
        'hook { secrets { expiresAt } }',
      );
    for (let count = 2; count <= 10; count += 1) expect((await rotate()).hook.secrets).toHaveLength(count);
    expect(await rotate()).toMatchObject({ code: 'CONFLICT', path: ['keepOld'] });
    expect((await rotate(0)).hook.secrets).toEqual([{ expiresAt: null }]);
    expect(await rotate(31 * 86_400)).toMatchObject({ code: 'BAD_USER_INPUT', path: ['keepOld'] });
  });

  test('are one of an owner, an event and a target, when they are made and when they change', async () => {
    const at = target();
    const { id } = await made_(ann, { target: at });
    const unique = { code: 'CONFLICT', message: 'Hook must be unique.' };
    expect(await make(ann, { target: at })).toMatchObject(unique);
    expect(await make(ben, { target: at })).toMatchObject({ __typename: 'HookCreateSuccess' });
    const other = await made_(ann, { event: 'network.*', target: at });
    expect(await ann.change('hookUpdate', { id: other.id, event: '*' }, '__typename')).toMatchObject(unique);
    expect(await ann.change('hookReplace', { id: other.id, event: '*', target: at }, '__typename')).toMatchObject(
      unique,
    );
    expect(await ann.change('hookUpdate', { id, event: '*', target: at }, 'changed')).toMatchObject({ changed: false });
    const racing = target();
    const results = await Promise.all(Array.from({ length: 8 }, () => make(ann, { target: racing })));
    expect(results.filter((result) => result.hook)).toHaveLength(1);
  });

  test('change against the state that was read, where one is named', async () => {
    const { id, etag } = await made_(ann);
    const update = (input: object) => ann.change('hookUpdate', { id, ...input }, 'changed hook { etag }');
    expect(await update({ etag, payload: 'NSOT' })).toMatchObject({ changed: false, hook: { etag } });
    const done = await update({ etag, payload: 'THIN' });
    expect(done).toMatchObject({ changed: true });
    expect(done.hook.etag).not.toBe(etag);
    const stale = { code: 'CONFLICT', message: `Changed since you read it: etag ${etag} is not current.` };
    expect(await update({ etag, payload: 'THIN' })).toMatchObject(stale);
    expect(await ann.change('hookDelete', { id, etag }, '__typename')).toMatchObject(stale);
    expect(await update({ payload: null })).toMatchObject({ changed: true });
    await house.system.use(hookStore).update((await first(ann)).id, { failingSince: '2026-01-01T00:00:00.000Z' });
    const now = (await first(ann)).etag;
    expect(await ann.change('hookDelete', { id, etag: now }, 'deletedId')).toMatchObject({ deletedId: id });
  });

  test('tell what happens to them to their owners, and to hook:admin of all', async () => {
    const url = await house.gateway.listen();
    const clients = [ann, ben, keeper].map(({ key }) => socketClient(url, key));
    const document =
      'subscription ($id: ID) { hookChanged(id: $id, hello: true) { __typename ... on Event { hook: subjectId } } }';
    const [mine, his, all] = clients.map((client) => subscribeOver(client, document));
    await Promise.all([mine, his, all].map((stream) => stream?.reach(1)));
    const { id } = await made_(ann);
    const other = await made_(ben);
    const narrow = subscribeOver(clients[2] ?? socketClient(url), document, { id });
    await narrow.reach(1);
    await ben.change('hookUpdate', { id: other.id, globalHook: true }, '__typename');
    await ann.change('hookDisable', { id }, '__typename');
    await ann.change('hookDelete', { id }, '__typename');
    const types = async (stream: typeof mine, count: number) =>
      (await stream?.reach(count))
        ?.slice(1)
        .map(({ data }) => (data?.hookChanged as { __typename: string } | undefined)?.__typename);
    expect(await types(all, 6)).toEqual(['HookCreated', 'HookCreated', 'HookUpdated', 'HookDisabled', 'HookDeleted']);
    expect(await types(mine, 4)).toEqual(['HookCreated', 'HookDisabled', 'HookDeleted']);
    expect(await types(his, 3)).toEqual(['HookCreated', 'HookUpdated']);
    expect(await types(narrow, 3)).toEqual(['HookDisabled', 'HookDeleted']);
    const [foreign] = await subscribeOver(clients[0] ?? socketClient(url), document, { id: other.id }).ended.then(
      (how) => how as { extensions: { code: string } }[],
    );
    expect(foreign?.extensions.code).toBe('NOT_FOUND');
    for (const client of clients) await client.dispose();
  });

  test('need a password that is not to be changed', async () => {
    const { id } = await made_(ann);
    const due = house.context({ ...ann.ctx.viewer, mustChangePassword: true });
    await expect(createHook(due, { event: '*', target: target() })).rejects.toThrow('Change your password first.');
    expect(id).not.toBe('');
  });
});
