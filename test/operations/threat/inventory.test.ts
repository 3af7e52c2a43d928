/** What indicators look for, and the networks of the inventory that it falls into: both ways, over both domains. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import type { Context } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { network } from '#plugins/network.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { createSite } from '#resolvers/network/sites/create.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { accounts, holder, storagePlugin } from '../../support/network.ts';
import { openThreat } from '../../support/threat.ts';

let gateway: Gateway;
let ctx: Context;
let collection: TaxiiCollection;
let secret: TaxiiCollection;
let statements = 0;

/** The sequencer and the upkeep of the database send statements of their own at any time. */
const ofBothDomains = /\b(FROM|JOIN)\s+("public"\.)?"?(site|network|taxii\w*|stix\w*|indicator\w*)\b/;

beforeAll(async () => {
  const storage = storagePlugin('embedded', (sql) => {
    if (ofBothDomains.test(sql)) statements += 1;
  });
  gateway = await createGateway({
    config: {
      plugins: [threat, storage, secretBoxPlugin, network, accounts([])],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
    },
  });
  ctx = gateway.context();
  const { id } = await createApiRoot(ctx, { title: 'Root' });
  collection = await createCollection(ctx, { apiRoot: { taxiiId: id }, title: 'Feed' });
  secret = await createCollection(ctx, { apiRoot: { taxiiId: id }, title: 'Secret' });
}, 60_000);
afterAll(() => gateway.dispose());

const lookFor = (to: TaxiiCollection, ...patterns: string[]) =>
  addObjects(ctx, {
    collection: { taxiiId: to.id },
    objects: patterns.map((pattern) => ({
      type: 'indicator',
      id: `indicator--${newId()}`,
      created: '2024-01-01T00:00:00Z',
      modified: '2024-01-01T00:00:00Z',
      pattern,
      pattern_type: 'stix',
      valid_from: '2024-01-01T00:00:00Z',
    })),
  });

const addNetworks = (site: string, ...cidrs: string[]) =>
  createNetworks(
    ctx,
    cidrs.map((cidr) => ({ site: { name: site }, cidr })),
  );

async function ask<Data>(document: string, as: Context = ctx): Promise<Data> {
  const { data, errors } = await gateway.execute({ document, viewer: as.viewer });
  expect(errors).toBeUndefined();
  return data as Data;
}

const as = (...permissions: string[]) => gateway.context({ viewer: holder(permissions, gateway.catalogue.areas) });

interface Cidrs {
  readonly observables: { readonly nodes: readonly { readonly networks: readonly { readonly cidr: string }[] }[] };
}
const networksAt = async (value: string, viewer = ctx) => {
  const { observables } = await ask<Cidrs>(
    `{ observables(value: "${value}") { nodes { networks { cidr } } } }`,
    viewer,
  );
  return observables.nodes.map(({ networks }) => networks.map(({ cidr }) => cidr));
};

test('an observable tells the most specific network of each Site, as far as the viewer may see', async () => {
  await createSite(ctx, { name: 'S' });
  await createSite(ctx, { name: 'T' });
  await lookFor(collection, "[ipv4-addr:value = '203.0.113.33']", "[domain-name:value = 'x.example']");
  await addNetworks('S', '203.0.113.0/24');
  expect(await networksAt('203.0.113.33')).toEqual([['203.0.113.0/24']]);
  await addNetworks('S', '203.0.113.32/28');
  expect(await networksAt('203.0.113.33')).toEqual([['203.0.113.32/28']]);
  await addNetworks('T', '203.0.113.0/24');
  expect(await networksAt('203.0.113.33')).toEqual([['203.0.113.32/28', '203.0.113.0/24']]);
  expect(await networksAt('203.0.113.33', as('threat:read'))).toEqual([[]]);
  expect(await networksAt('203.0.113.33', as('network:read'))).toEqual([]);
  expect(await networksAt('x.example')).toEqual([[]]);
  await lookFor(collection, "[ipv4-addr:value ISSUBSET '203.0.113.0/24']");
  expect(await networksAt('203.0.113.33')).toEqual([
    ['203.0.113.32/28', '203.0.113.0/24'],
    ['203.0.113.0/24', '203.0.113.0/24'],
  ]);
});

test('a network tells what is looked for inside it, and around it', async () => {
  await createSite(ctx, { name: 'N' });
  await addNetworks('N', '192.0.2.0/24', '192.0.2.0/25', '2001:db8::/32');
  await lookFor(
    collection,
    "[ipv4-addr:value IN ('192.0.2.200', '192.0.2.7', '192.0.2.0/25', '192.0.2.0/24', '192.0.0.0/16')]",
    "[ipv6-addr:value = '2001:db8::7']",
  );
  await lookFor(secret, "[ipv4-addr:value = '192.0.2.9']");
  interface Answer {
    readonly networks: {
      readonly nodes: readonly Record<'inside' | 'around', { readonly nodes: readonly { readonly value: string }[] }>[];
    };
  }
  const told = async (viewer = ctx) => {
    const { networks } = await ask<Answer>(
      `{ networks(site: { name: "N" }, orderBy: { by: NATURAL }) { nodes { cidr
        inside: observables { nodes { value } } around: observables(match: COVERING) { nodes { value } }
      } } }`,
      viewer,
    );
    return networks.nodes.map(({ inside, around }) =>
      [inside, around].map(({ nodes }) => nodes.map(({ value }) => value)),
    );
  };
  expect(await told()).toEqual([
    [
      ['192.0.2.0/24', '192.0.2.0/25', '192.0.2.7', '192.0.2.9', '192.0.2.200'],
      ['192.0.2.0/24', '192.0.0.0/16'],
    ],
    [
      ['192.0.2.0/25', '192.0.2.7', '192.0.2.9'],
      ['192.0.2.0/25', '192.0.2.0/24', '192.0.0.0/16'],
    ],
    [['2001:db8::7'], []],
  ]);
  expect((await told(as('network:read', `threat:read@collection/${secret.id}`))).map(([inside]) => inside)).toEqual([
    ['192.0.2.9'],
    ['192.0.2.9'],
    [],
  ]);
  expect(await told(as('network:read'))).toEqual([
    [[], []],
    [[], []],
    [[], []],
  ]);
});

test('both ways take the same statements for any page', async () => {
  await createSite(ctx, { name: 'large' });
  const nets = Array.from({ length: 200 }, (_, n) => `10.1.${n}.0/24`);
  await addNetworks('large', ...nets);
  await lookFor(collection, ...nets.map((cidr) => `[ipv4-addr:value = '${cidr.replace('.0/24', '.7')}']`));
  const cost = async (document: string) => {
    const before = statements;
    const text = JSON.stringify(await ask(document));
    return { statements: statements - before, found: text.split('"10.1.').length - 1 };
  };
  const there = (first: number) =>
    cost(`{ observables(value: "10.1.0.0/16", match: WITHIN, first: ${first}) { nodes {
      value indicator { stixId collection { title } } collection { title } networks { cidr } } } }`);
  const back = (first: number) =>
    cost(`{ networks(site: { name: "large" }, first: ${first}) { nodes {
      cidr observables { totalCount nodes { value indicator { stixId } networks { cidr } } } } } }`);
  for (const way of [there, back]) {
    const [few, many] = [await way(3), await way(200)];
    expect(few.found).toBeGreaterThanOrEqual(6);
    expect(many.found).toBeGreaterThanOrEqual(400);
    expect(many.statements).toBe(few.statements);
    expect(many.statements).toBeLessThanOrEqual(10);
  }
});

test('objects tell what they look for in the same statements for any page', async () => {
  const cost = async (first: number) => {
    const before = statements;
    const answer = await ask<{ stixObjects: { nodes: { observables: { nodes: unknown[] } }[] } }>(
      `{ stixObjects(first: ${first}) { nodes { stixId observables(first: 3) { nodes { kind value } } } } }`,
    );
    return {
      statements: statements - before,
      found: answer.stixObjects.nodes.flatMap(({ observables }) => observables.nodes).length,
    };
  };
  const [few, many] = [await cost(3), await cost(200)];
  expect([few.found, many.found >= 200]).toEqual([3, true]);
  expect(many.statements).toBe(few.statements);
});

test('the fields of a node can be asked for by its id', async () => {
  const { observables } = await ask<{ observables: { nodes: { id: string }[] } }>(
    '{ observables(value: "2001:db8::7") { nodes { id } } }',
  );
  const id = observables.nodes[0]?.id;
  const document = `{ node(id: "${id}") { ... on IndicatorObservable {
    kind value cidr hashAlgorithm validFrom validUntil revoked indicator { type version } collection { title }
  } } }`;
  expect(await ask(document)).toEqual({
    node: {
      kind: 'IPV6_ADDR',
      value: '2001:db8::7',
      cidr: '2001:db8::7/128',
      hashAlgorithm: null,
      validFrom: '2024-01-01T00:00:00.000000Z',
      validUntil: null,
      revoked: false,
      indicator: { type: 'indicator', version: '2024-01-01T00:00:00.000000Z' },
      collection: { title: 'Feed' },
    },
  });
  expect(await ask(document, as('network:read'))).toEqual({ node: null });
});

describe('without an inventory', () => {
  test('both fields are absent and everything else works', async () => {
    const alone = await openThreat('memory');
    try {
      const type = alone.gateway.schema.getType('IndicatorObservable');
      expect(type && 'getFields' in type && Object.keys(type.getFields()).includes('networks')).toBe(false);
      expect(alone.gateway.schema.getType('NetworkMatch')).toBeUndefined();
      const { data } = await alone.gateway.execute({ document: '{ observables { nodes { value } } }' });
      expect(data).toEqual({ observables: { nodes: [] } });
    } finally {
      await alone.gateway.dispose();
    }
  });
});
