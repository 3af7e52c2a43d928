import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '#plugins/network.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

/** With the real accounts: rights that follow from what somebody did hold at once. */
let id: Identity;
beforeAll(async () => {
  id = await openIdentity({}, [storageMemory, secretBoxPlugin, network]);
});
afterAll(() => id.gateway.dispose());

test('the creator of Sites changes and deletes them, and nobody else’s', async () => {
  const [maker, other] = [await id.person(['network:create']), await id.person(['network:create'])];
  const ask = (key: string, query: string) => id.ask(query, { authorization: `Bearer ${key}` });
  const errors = '... on Error { code message }';
  const made = await ask(
    maker.key,
    `mutation { siteCreateMany(inputs: [{ name: "mine" }, { name: "mine too" }]) {
      ... on SiteCreateManySuccess { sites { name myPermissions } } ${errors} } }`,
  );
  expect(made.errors).toEqual([]);
  expect(made.data.siteCreateMany.sites.map(({ name }: { name: string }) => name)).toEqual(['mine', 'mine too']);
  const update = (key: string) =>
    ask(
      key,
      `mutation { siteUpdate(input: { by: { name: "mine" }, description: "changed" }) {
        ... on SiteUpdateSuccess { site { description myPermissions } } ${errors} } }`,
    );
  expect((await update(maker.key)).data.siteUpdate.site).toEqual({
    description: 'changed',
    myPermissions: [
      'network:read',
      'network:create',
      'network:update',
      'network:delete',
      'network:allocate',
      'network:write',
      'network:reveal',
      'network:admin',
    ],
  });
  expect((await update(other.key)).data.siteUpdate).toEqual({ code: 'FORBIDDEN', message: 'Needs network:admin.' });
});

test('the role standard reads, an anonymous viewer sees nothing', async () => {
  const person = await id.person([], { roles: ['standard'] });
  const names = (headers: Record<string, string>) => id.ask('{ sites { totalCount nodes { name } } }', headers);
  const seen = await names({ authorization: `Bearer ${person.key}` });
  expect(seen.data.sites.totalCount).toBe(seen.data.sites.nodes.length);
  expect((await names({})).data).toEqual({ sites: { totalCount: 0, nodes: [] } });
});
