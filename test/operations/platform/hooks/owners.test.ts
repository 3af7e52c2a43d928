import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toGlobalId } from '#kernel/id.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { type Hooker, type HookHouse, openHooks } from '../../../support/hooks.ts';

let house: HookHouse;
let root: Hooker;
let ann: Hooker;
beforeAll(async () => {
  house = await openHooks({ works: false, storage: [storagePrisma] });
  root = await house.hooker('*');
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await house.hooker('hook:write');
});

let made = 0;
const make = async (over: object = {}) => {
  const input = { event: 'platform.account.*', target: `http://127.0.0.1:9/${++made}`, globalHook: true, ...over };
  return ann.hook(input);
};
/** Puts a delivery of the making of the account in the way. */
const fill = async (id: string) => {
  await house.told();
  const done = await root.change('hookReplay', { id: toGlobalId('Hook', id), from: { start: true } }, 'count');
  expect(done.count).toBeGreaterThan(0);
};
const states = async (id: string) =>
  (await house.deliveries(id)).map(({ state, deadReason }) => `${state} ${deadReason}`);
const etag = async (by: Hooker) => {
  const { data } = await root.ask('query ($by: AccountKey!) { account(by: $by) { etag } }', {
    by: { name: by.account.name },
  });
  return data.account.etag as string;
};
const setActive = async (isActive: boolean, by = ann) =>
  root.change(
    'accountUpdate',
    { by: { name: by.account.name }, etag: await etag(by), isActive },
    'changed account { isActive }',
  );

describe('with its owner a hook', () => {
  test('rests, comes back, and goes', async () => {
    const [hook, off] = [await make(), await make()];
    await ann.change('hookDisable', { id: toGlobalId('Hook', off.id) }, '__typename');
    await fill(hook.id);
    await house.told();
    expect(await setActive(false)).toMatchObject({ changed: true });
    expect(await house.hookNow(hook.id)).toMatchObject({ state: 'SUSPENDED', disabledReason: null });
    expect(await house.hookNow(off.id)).toMatchObject({ state: 'DISABLED' });
    expect(new Set(await states(hook.id))).toEqual(new Set(['DEAD SUSPENDED']));
    const [disabled] = (await house.tellings()).filter(({ name }) => name === 'platform.hook.disabled');
    expect(disabled).toMatchObject({
      subject: toGlobalId('Hook', hook.id),
      scope: { account: ann.account.id, hook: hook.id },
      data: { hook: { state: 'SUSPENDED' } },
      before: { state: 'ACTIVE' },
    });
    const refused = await root.change('hookEnable', { id: toGlobalId('Hook', hook.id) }, 'changed');
    expect(refused).toMatchObject({ code: 'CONFLICT' });
    expect(await root.change('hookEnable', { id: toGlobalId('Hook', off.id) }, 'changed')).toMatchObject({
      code: 'CONFLICT',
    });
    await setActive(true);
    expect(await house.hookNow(hook.id)).toMatchObject({ state: 'ACTIVE', listensAfter: null });
    expect(await house.hookNow(off.id)).toMatchObject({ state: 'DISABLED' });
    expect((await house.told()).filter((name) => name.startsWith('hook'))).toEqual(['hook.enabled']);
    await fill(hook.id);
    const gone = await root.change(
      'accountDelete',
      { by: { name: ann.account.name }, etag: await etag(ann) },
      '__typename',
    );
    expect(gone).toEqual({ __typename: 'AccountDeleteSuccess' });
    expect(await house.system.use(hookStore).getMany([hook.id, off.id])).toEqual([null, null]);
    expect(new Set(await states(hook.id))).toEqual(new Set(['CANCELLED null']));
    expect((await house.told()).filter((name) => name.startsWith('hook'))).toEqual(['hook.deleted', 'hook.deleted']);
  });

  test('that is disabled while it rests does not come back', async () => {
    const hook = await make();
    await setActive(false);
    const id = toGlobalId('Hook', hook.id);
    expect(await root.change('hookDisable', { id }, 'changed')).toMatchObject({ changed: true });
    await setActive(true);
    expect(await house.hookNow(hook.id)).toMatchObject({ state: 'DISABLED' });
    expect(await root.change('hookEnable', { id }, 'hook { state }')).toMatchObject({ hook: { state: 'ACTIVE' } });
  });

  test('that is made for who may not act rests from the start', async () => {
    await setActive(false);
    const done = await root.change(
      'hookCreate',
      { owner: { name: ann.account.name }, event: '*', target: 'http://127.0.0.1:9/rest' },
      'hook { state }',
    );
    expect(done).toMatchObject({ hook: { state: 'SUSPENDED' } });
    await setActive(true);
    expect(await house.system.use(hookStore).ofOwner(ann.account.id, ['ACTIVE'], 5)).toHaveLength(1);
  });

  test('stays as it is when the change of the account is refused', async () => {
    const only = await house.hooker('*');
    const hook = await only.hook({ event: '*', target: 'http://127.0.0.1:9/only' });
    const stale = await root.change(
      'accountUpdate',
      { by: { name: only.account.name }, etag: 'old', isActive: false },
      '__typename',
    );
    expect(stale).toMatchObject({ code: 'CONFLICT' });
    expect(await house.hookNow(hook.id)).toMatchObject({ state: 'ACTIVE' });
  });

  test('is never left behind by who deletes the account while it is made', async () => {
    const [first, second] = await Promise.all([
      ann.hook({ event: '*', target: 'http://127.0.0.1:9/race' }).catch((error: Error) => error.message),
      etag(ann).then((current) =>
        root.change('accountDelete', { by: { name: ann.account.name }, etag: current }, '__typename'),
      ),
    ]);
    expect(second).toEqual({ __typename: 'AccountDeleteSuccess' });
    expect(typeof first === 'string' ? first : 'made').toMatch(/^(made|account not found)$/);
    expect(await house.system.use(hookStore).ofOwner(ann.account.id, ['ACTIVE', 'SUSPENDED', 'DISABLED'], 5)).toEqual(
      [],
    );
  });
});
