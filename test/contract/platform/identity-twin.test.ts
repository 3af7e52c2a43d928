import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { type AccountFilter, accountStore } from '#resolvers/platform/accounts/account.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { openMemoryStorage, openPrismaStorage } from '../harness.ts';
import type { TestStorage, Use } from '../suite.ts';
import { newAccount, newRole } from './identity.ts';

const ids = (letter: string) =>
  Array.from({ length: 5 }, (_, index) => `0000000${index}-0000-7000-8000-00000000000${letter}`);
const roleIds = ids('a');
const accountIds = ids('b');

const name = fc.constantFrom('ada', 'ADA', 'bob', 'Bob', 'ada@x.org', 'é', 'É', 'a%b', 'a_b', '😀', '\uffee', 'z');
const permission = fc.constantFrom('*', 'role:read', 'account:read');
const someRoles = fc.uniqueArray(fc.constantFrom(...roleIds), { maxLength: 3 });
const permissions = fc.uniqueArray(permission, { maxLength: 2 });
const realName = fc.constantFrom('', 'Ada', 'ada', 'A*', 'a?');

const text = fc.record(
  {
    eq: fc.oneof(name, realName),
    ne: fc.oneof(name, realName),
    in: fc.array(fc.oneof(name, realName), { maxLength: 3 }),
    like: fc.constantFrom('*', 'a*', '?da', 'A?B', '*%*', 'É', 'a_b', '?'),
  },
  { requiredKeys: [] },
);
const { filter } = fc.letrec<{ filter: AccountFilter }>((tie) => ({
  filter: fc.record(
    {
      name: text,
      email: text,
      realName: text,
      permission,
      role: fc.constantFrom(...roleIds),
      isActive: fc.boolean(),
      kind: fc.constantFrom('HUMAN' as const, 'SERVICE' as const),
      and: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      or: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      not: fc.option(tie('filter'), { depthIdentifier: 'filter', maxDepth: 2 }),
    },
    { requiredKeys: [] },
  ),
}));
const visibility: fc.Arbitrary<Visibility> = fc.oneof(
  fc.constantFrom('all' as const, 'none' as const),
  fc.record({
    allOf: fc.array(
      fc.array(fc.record({ kind: fc.constantFrom('account', 'site'), value: fc.constantFrom(...accountIds) }), {
        maxLength: 3,
      }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);
const page: fc.Arbitrary<PageRequest> = fc.record({
  limit: fc.integer({ min: 0, max: 3 }),
  direction: fc.constantFrom('forward' as const, 'backward' as const),
  after: fc.constant(null),
  before: fc.constant(null),
  offset: fc.integer({ min: 0, max: 2 }),
});
const order = fc.record({
  by: fc.constantFrom('NAME' as const, 'CREATED' as const, 'LAST_LOGIN' as const),
  direction: fc.constantFrom('ASC' as const, 'DESC' as const),
});
const instant = fc.integer({ min: 0, max: 9 }).map((second) => `2026-01-01T00:00:0${second}.000Z`);
const etag = fc.constantFrom('e1', 'e2');

type Step = (use: Use) => Promise<unknown>;
const sorted = (list: readonly string[]) => [...list].sort();

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ id: fc.constantFrom(...roleIds), name, realName, isActive: fc.boolean(), permissions, roles: someRoles })
    .map(
      (over): Step =>
        async (use) => {
          const [known] = await use(roleStore).getMany([over.id]);
          return known ? 'known' : use(roleStore).insert(newRole(over));
        },
    ),
  fc
    .tuple(
      fc.constantFrom(...roleIds),
      etag,
      fc.record({ name, realName, isActive: fc.boolean(), permissions, roles: someRoles }, { requiredKeys: [] }),
      etag,
    )
    .map(
      ([id, from, change, to]): Step =>
        (use) =>
          use(roleStore).update(id, from, { ...change, etag: to, updatedAt: '2026-01-02T00:00:00.000Z' }),
    ),
  fc
    .record({
      id: fc.constantFrom(...accountIds),
      name,
      email: fc.option(fc.constantFrom('ada', 'ada@x.org', 'b@x.org')),
      realName,
      isActive: fc.boolean(),
      kind: fc.constantFrom('HUMAN' as const, 'SERVICE' as const),
      permissions,
      roles: someRoles,
      createdAt: instant,
    })
    .map(
      (over): Step =>
        async (use) => {
          const [known] = await use(accountStore).getMany([over.id]);
          return known ? 'known' : use(accountStore).insert(newAccount(over));
        },
    ),
  fc
    .tuple(
      fc.constantFrom(...accountIds),
      etag,
      fc.record(
        {
          name,
          email: fc.option(fc.constantFrom('ada', 'ada@x.org', 'b@x.org')),
          isActive: fc.boolean(),
          permissions,
          roles: someRoles,
        },
        { requiredKeys: [] },
      ),
      etag,
    )
    .map(
      ([id, from, change, to]): Step =>
        (use) =>
          use(accountStore).update(id, from, { ...change, etag: to, updatedAt: '2026-01-02T00:00:00.000Z' }),
    ),
  fc.tuple(fc.constantFrom(...accountIds), instant).map(
    ([id, at]): Step =>
      (use) =>
        use(accountStore).recordLogin(id, at),
  ),
  fc.tuple(filter, order, visibility, page).map(
    ([where, by, seen, request]): Step =>
      async (use) => {
        const found = await use(accountStore).page(where, by, seen, request);
        return { ...found, count: await found.count() };
      },
  ),
  fc.tuple(someRoles, fc.constantFrom('active' as const, 'any' as const)).map(
    ([from, through]): Step =>
      async (use) =>
        sorted(await use(roleStore).reach(from, through)),
  ),
  fc
    .record({
      keys: fc.uniqueArray(fc.record({ key: fc.constantFrom('a', 'b', 'c'), limit: fc.integer({ min: 1, max: 4 }) }), {
        selector: ({ key }) => key,
        minLength: 1,
        maxLength: 3,
      }),
      now: fc.integer({ min: 0, max: 40 }).map((count) => 1_767_225_600_000 + count * 700),
    })
    .map(
      ({ keys, now }): Step =>
        (use) =>
          use(throttleStore).hit(keys, now, 5000),
    ),
);

const look: Step = async (use) => {
  const effective = await use(accountStore).effective(accountIds);
  return {
    accounts: effective.map((one) => one && { ...one, permissions: sorted(one.permissions), roles: sorted(one.roles) }),
    administrator: await use(accountStore).hasAdministrator(),
    names: await use(roleStore).names('all'),
    signIn: await Promise.all(
      ['ada', 'ada@x.org', 'b@x.org', 'é'].map((handle) => use(accountStore).findForSignIn(handle)),
    ),
    waits: await Promise.all(['a', 'b', 'c'].map((key) => use(throttleStore).waitUntil([key]))),
  };
};

describe('the stores of identity', () => {
  let memory: TestStorage;
  let prisma: TestStorage;
  beforeAll(async () => {
    memory = await openMemoryStorage();
    prisma = await openPrismaStorage(embeddedDatabase);
  }, 60_000);
  afterAll(async () => {
    await memory?.close();
    await prisma?.close();
  });

  test('answer alike in SQL and in memory, whatever is done to them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await memory.clear();
        await prisma.clear();
        for (const one of [...steps, look]) {
          expect(await prisma.atomically(one)).toEqual(await memory.atomically(one));
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
