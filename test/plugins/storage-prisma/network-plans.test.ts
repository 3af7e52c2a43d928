/** By which index the questions of the graph are answered, with tens of thousands of things: none reads a table whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toGlobalId } from '#kernel/id.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { embeddedDatabase, serverDatabase, stopSharedServer } from '../../support/database.ts';
import { fillLarge, large } from '../../support/large-network.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';
import { costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const site = `site: { name: "${large}" }`;

/** Questions about one place, with the index that has to answer each, or those of which the planner may take either. */
const questions: Readonly<Record<string, readonly [question: string, ...indexes: string[]]>> = {
  'the closest parent': [`closestParent(${site}, cidr: "10.7.7.9/32") { cidr }`, 'network_site_id_cidr_key'],
  'what a network holds': [
    `network(${site}, by: { cidr: "10.7.0.0/16" }) { subnets(first: 10) { nodes { cidr } } descendants(first: 10) { nodes { cidr } } }`,
    'network_site_id_cidr_key',
  ],
  'what a network holds directly': [
    `network(${site}, by: { cidr: "10.7.0.0/16" }) { children(first: 10) { nodes { cidr } } }`,
    'network_site_id_parent_id_cidr_idx',
  ],
  'what holds a network': [
    `network(${site}, by: { cidr: "10.7.7.0/24" }) { supernets(first: 10) { nodes { cidr } } }`,
    'network_site_id_cidr_key',
  ],
  'free networks': [
    `network(${site}, by: { cidr: "10.0.0.0/24" }) { nextNetworks(prefixLength: 28, num: 2) }`,
    'network_site_id_cidr_key',
  ],
  'free networks beside all children': [
    `network(${site}, by: { cidr: "10.7.0.0/16" }) { nextNetworks(prefixLength: 24, num: 2, strict: true) }`,
    'network_site_id_parent_id_cidr_idx',
  ],
  'free addresses': [
    `network(${site}, by: { cidr: "10.0.0.0/24" }) { nextAddresses(num: 2) }`,
    'network_site_id_cidr_key',
  ],
  'a network by prefix': [
    `network(${site}, by: { cidr: "10.7.7.0/24" }) { id }`,
    'network_site_id_cidr_key',
    'network_cidr_id_idx',
  ],
  'a device by hostname': [
    `device(${site}, by: { hostname: "DEVICE-77" }) { id }`,
    'device_site_id_hostname_key',
    'device_hostname_id_idx',
  ],
  'an interface by slug': [
    `networkInterface(${site}, by: { nameSlug: "device-77:eth0" }) { id }`,
    'network_interface_device_id_name_key',
  ],
  'a circuit by slug': [`circuit(${site}, by: { nameSlug: "circuit-77" }) { id }`, 'circuit_site_id_name_slug_key'],
  'a protocol type by name': [
    `protocolType(${site}, by: { name: "type-77" }) { id }`,
    'protocol_type_site_id_name_key',
  ],
  'an attribute by name': [
    `attribute(${site}, by: { name: { resource: DEVICE, name: "name_77" } }) { id }`,
    'attribute_site_id_resource_name_key',
  ],
  'a Site by name': [`site(by: { name: "${large}" }) { id }`, 'site_name_key'],
  'Sites by name': [`sites(filter: { name: "${large}" }) { nodes { id } }`, 'site_name_key'],
};

const port = '{ nameSlug: "device-76:eth0" }';
const carried = '[{ name: "name_9", value: "value-7" }]';

/** A value for each field of each filter. */
const filters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  networks: {
    cidr: '"10.7.7.0/24"',
    networkAddress: '"10.7.7.0"',
    prefixLength: '24',
    ipVersion: '6',
    state: 'RESERVED',
    parent: '{ cidr: "10.7.0.0/16" }',
    rootOnly: 'true',
    includeNetworks: 'true',
    includeIps: 'true',
    attributes: carried,
  },
  devices: { hostname: '"device-77"', attributes: carried },
  networkInterfaces: {
    device: '{ hostname: "device-76" }',
    name: '"eth0.77"',
    type: '24',
    macAddress: '"00:00:00:00:00:4D"',
    speed: '10',
    parent: port,
    description: '"uplink"',
    attributes: carried,
  },
  circuits: {
    name: '"circuit-77"',
    endpointA: port,
    endpointZ: '{ nameSlug: "device-77:eth0" }',
    attributes: carried,
  },
  protocolTypes: { name: '"type-77"', description: '"rare"' },
  protocols: {
    device: '{ hostname: "device-76" }',
    type: '{ name: "type-77" }',
    interface: port,
    circuit: '{ nameSlug: "circuit-77" }',
    description: '"rare"',
    attributes: carried,
  },
  attributes: { name: '"name_77"', resource: 'DEVICE', required: 'true', display: 'true', multi: 'true' },
  attributeValues: {
    name: '"name_9"',
    value: '"value-7"',
    resource: 'DEVICE',
    target: `"${toGlobalId('Device', '00000001-0000-7000-8000-00000000004d')}"`,
  },
};

interface QueryField {
  readonly name: string;
  readonly args: readonly {
    readonly name: string;
    readonly type: { readonly inputFields: readonly { readonly name: string }[] | null };
  }[];
}

const providers = {
  embedded: (watch: Watch) => embeddedDatabase({ onStatement: watch, timeout: 120_000 }),
  server: (watch: Watch) => serverDatabase({ onStatement: watch, timeout: 120_000 }),
};
/** The sequencer looks for events at any time. */
const ofEvents = /\bevent/;
type Watch = (sql: string, values: readonly unknown[]) => void;

afterAll(stopSharedServer);

describe.each(Object.keys(providers) as (keyof typeof providers)[])('on the %s database', (provider) => {
  const available = provider === 'embedded' || findPostgres() !== null;
  let database: Database;
  let net: TestNetwork;
  const sent: Statement[] = [];
  beforeAll(async () => {
    if (!available) return;
    database = await providers[provider]((sql, values) => {
      if (/^\s*(SELECT|WITH)/.test(sql) && !ofEvents.test(sql)) sent.push({ sql, values });
    });
    await fillLarge(database);
    net = await openNetwork({ database });
  }, 180_000);
  afterAll(async () => {
    await net?.gateway.dispose();
    await database?.close();
  });

  /** What the statements of a question cost, worked out anew. */
  async function cost(question: string) {
    sent.length = 0;
    const { errors } = await net.gateway.execute({ document: `{ ${question} }` });
    expect(errors).toBeUndefined();
    const costs = [];
    for (const statement of [...sent]) costs.push(await costOf(database, statement));
    return {
      scanned: costs.flatMap(({ scanned }) => scanned),
      indexes: costs.flatMap(({ indexes }) => indexes),
      pages: costs.reduce((sum, { pages }) => sum + pages, 0),
    };
  }

  test.runIf(available).each(Object.entries(questions))('finds %s', async (_, [question, ...expected]) => {
    const { scanned, indexes, pages } = await cost(question);
    expect(scanned).toEqual([]);
    expect(expected.some((index) => indexes.includes(index))).toBe(true);
    expect(pages).toBeLessThanOrEqual(120);
  });

  test.runIf(available)('asks by every field of every filter', async () => {
    const { data } = await net.gateway.execute({
      document: '{ __schema { queryType { fields { name args { name type { inputFields { name } } } } } } }',
    });
    const { fields } = (data as unknown as { __schema: { queryType: { fields: readonly QueryField[] } } }).__schema
      .queryType;
    const offered = fields.flatMap(({ name, args }) => {
      const filter = args.find((arg) => arg.name === 'filter')?.type.inputFields;
      return filter && name in filters ? [[name, filter.map((field) => field.name).sort()]] : [];
    });
    const asked = Object.entries(filters).map(([list, values]) => [list, Object.keys(values).sort()]);
    expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(asked));
  });

  describe.each(Object.entries(filters))('lists %s', (list, values) => {
    test.runIf(available).each(Object.entries(values))('by %s', async (field, value) => {
      for (const where of [`${site}, `, '']) {
        const { scanned, pages } = await cost(
          `${list}(${where}filter: { ${field}: ${value} }, first: 10) { nodes { id } }`,
        );
        expect(scanned).toEqual([]);
        expect(pages).toBeLessThanOrEqual(250);
      }
    });
  });
});
