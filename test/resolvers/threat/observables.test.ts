import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, InputError } from '#kernel/errors.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import type { JsonObject } from '#kernel/json.ts';
import type { PageRequest } from '#kernel/page.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { deleteCollection } from '#resolvers/threat/collections/delete.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { deleteObject } from '#resolvers/threat/objects/delete.ts';
import { findObject } from '#resolvers/threat/objects/find.ts';
import {
  findObservables,
  listObservables,
  listObservablesOf,
  type ObservableSearch,
} from '#resolvers/threat/observables/find.ts';
import { allDetails } from '#resolvers/threat/statuses/find.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const request: PageRequest = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 };

describe.each(['memory', 'embedded'] as const)('what indicators look for, on %s', (storage) => {
  let threat: TestThreat;
  let ctx: Context;
  let collection: TaxiiCollection;
  let rootId: string;
  beforeAll(async () => {
    threat = await openThreat(storage);
    ctx = threat.all;
    rootId = (await createApiRoot(ctx, { title: 'Root' })).id;
  });
  afterAll(() => threat.gateway.dispose());
  beforeEach(async () => {
    collection = await aCollection();
  });

  const aCollection = (parts: { isPublic?: boolean } = {}) =>
    createCollection(ctx, { apiRoot: { taxiiId: rootId }, title: `c ${newId()}`, ...parts });
  const add = (objects: readonly unknown[], to = collection) =>
    addObjects(ctx, { collection: { taxiiId: to.id }, objects: [...objects] });
  const indicator = (pattern: string, more: JsonObject = {}): JsonObject => ({
    type: 'indicator',
    spec_version: '2.1',
    id: `indicator--${newId()}`,
    created: '2024-01-01T00:00:00Z',
    modified: '2024-01-01T00:00:00Z',
    pattern,
    pattern_type: 'stix',
    valid_from: '2024-01-01T00:00:00Z',
    ...more,
  });
  const version = (object: JsonObject, modified: string, more: JsonObject = {}) => ({ ...object, modified, ...more });
  const find = async (search: ObservableSearch = {}, as = ctx) =>
    (await listObservables(as, { collections: [{ taxiiId: collection.id }], ...search }, request)).items.map(
      ({ node }) => node,
    );
  const values = async (search?: ObservableSearch, as?: Context) => (await find(search, as)).map(({ value }) => value);

  test('a new last version replaces them, an older one changes nothing, a deletion brings back those of the promoted one', async () => {
    const one = indicator("[domain-name:value = 'one.example']");
    const id = String(one.id);
    await add([one]);
    const [first] = await find();
    expect(first).toMatchObject({
      kind: 'DOMAIN_NAME',
      value: 'one.example',
      stixId: id,
      collectionId: collection.id,
      validFrom: '2024-01-01T00:00:00.000000Z',
      validUntil: null,
      revoked: false,
    });
    await add([
      version(one, '2024-03-01T00:00:00Z', { pattern: "[domain-name:value IN ('three.example', '3.example')]" }),
    ]);
    expect(await values()).toEqual(['three.example', '3.example']);
    await add([version(one, '2024-02-01T00:00:00Z', { pattern: "[domain-name:value = 'two.example']" })]);
    expect(await values()).toEqual(['three.example', '3.example']);
    const remove = (...versions: string[]) =>
      deleteObject(ctx, { collection: { taxiiId: collection.id }, stixId: id, versions });
    await remove('2024-01-01T00:00:00Z');
    expect(await values()).toEqual(['three.example', '3.example']);
    await remove('last');
    expect(await values()).toEqual(['two.example']);
    await remove('all');
    expect(await values()).toEqual([]);
  });

  test('the last version of one envelope counts, and each collection has its own', async () => {
    const one = indicator("[url:value = 'http://x/1']");
    const second = version(one, '2024-01-02T00:00:00Z', { pattern: "[url:value = 'http://x/2']" });
    await add([second, one, version(one, '2024-01-01T12:00:00Z', { pattern: '[' })]);
    expect(await values()).toEqual(['http://x/2']);
    const other = await aCollection();
    await add([one], other);
    expect(await values({ collections: [{ taxiiId: other.id }] })).toEqual(['http://x/1']);
    expect(await values({ collections: [{ taxiiId: other.id }, { taxiiId: collection.id }] })).toEqual([
      'http://x/2',
      'http://x/1',
    ]);
    await deleteCollection(ctx, { by: { taxiiId: other.id }, force: true });
    expect(await values({ value: 'http://x/1', collections: undefined })).toEqual([]);
  });

  test('a pattern that cannot be read never fails its object', async () => {
    const object = indicator('[ipv4-addr:value = ');
    const { status } = await add([object]);
    expect(status).toMatchObject({ successCount: 1, failureCount: 0 });
    const successes = await allDetails(ctx, status, 'SUCCESS');
    expect(successes?.map(({ message }) => message)).toEqual([
      'pattern not parsed: a value is expected, and the end found at character 20',
    ]);
    const stored = await findObject(ctx, {
      version: { collection: { taxiiId: collection.id }, stixId: String(object.id) },
    });
    expect(stored?.patternError).toBe('a value is expected, and the end found at character 20');
    expect(await values()).toEqual([]);
  });

  test('every positive equality of a pattern is a row, and nothing else', async () => {
    const hash = 'AEC070645FE53EE3B3763059376134F058CC337247C978ADD178B6CCDFB0019F';
    const patterns: readonly (readonly [pattern: string, rows: readonly (readonly string[])[]])[] = [
      ["[ipv4-addr:value = '198.51.100.1/32']", [['IPV4_ADDR', '198.51.100.1']]],
      ["[ipv4-addr:value ISSUBSET '198.51.100.7/24']", [['IPV4_ADDR', '198.51.100.0/24']]],
      [
        "[ipv4-addr:value IN ('198.51.100.1','203.0.113.9')]",
        [
          ['IPV4_ADDR', '198.51.100.1'],
          ['IPV4_ADDR', '203.0.113.9'],
        ],
      ],
      [`[file:hashes.'SHA-256' = '${hash}' AND file:name = 'x']`, [['FILE_HASH', hash.toLowerCase()]]],
      [
        "([domain-name:value = 'Example.COM.'] FOLLOWEDBY [url:value = 'HTTP://Ex.org/A']) WITHIN 300 SECONDS",
        [
          ['DOMAIN_NAME', 'example.com'],
          ['URL', 'http://ex.org/A'],
        ],
      ],
      [
        "[url:value = 'http://x/\\'] OR [ipv4-addr:value = \\'192.0.2.1\\'']",
        [['URL', "http://x/'] OR [ipv4-addr:value = '192.0.2.1'"]],
      ],
      ["[ipv4-addr:value != '192.0.2.1']", []],
      ["[ipv4-addr:value NOT IN ('192.0.2.1')]", []],
      ["[domain-name:value LIKE '%.example']", []],
    ];
    await add(patterns.map(([pattern]) => indicator(pattern)));
    expect((await find()).map(({ kind, value }) => [kind, value])).toEqual(patterns.flatMap(([, rows]) => rows));
  });

  test('values of any length and any characters are kept', async () => {
    const url = `http://x/${'ü😀'.repeat(20_000)}`;
    const { status } = await add([indicator(`[url:value = '${url}' OR domain-name:value = 'a"b, c {}']`)]);
    expect(status).toMatchObject({ successCount: 1 });
    expect(await values({ value: url })).toEqual([url]);
    expect(await values({ value: 'A"b, c {}.' })).toEqual(['a"b, c {}']);
  });

  test('a revoked indicator keeps them apart', async () => {
    const one = indicator("[domain-name:value = 'one.example']");
    await add([one, version(one, '2024-01-02T00:00:00Z', { revoked: true })]);
    expect(await values()).toEqual([]);
    expect(await find({ includeRevoked: true })).toMatchObject([{ value: 'one.example', revoked: true }]);
  });

  test('they hold for the time that the indicator says, the end not included', async () => {
    await add([
      indicator("[domain-name:value = 'one.example']", {
        valid_from: '2024-01-01T00:00:00.123456789Z',
        valid_until: '2024-02-01T00:00:00Z',
      }),
    ]);
    const at = (activeAt: string) => values({ activeAt });
    expect(await at('2024-01-01T00:00:00.123455Z')).toEqual([]);
    expect(await at('2024-01-01T00:00:00.123456Z')).toEqual(['one.example']);
    expect(await at('2024-02-01T00:59:59.999+01:00')).toEqual(['one.example']);
    expect(await at('2024-02-01T00:00:00Z')).toEqual([]);
  });

  test('a value is found in whatever form it is asked for', async () => {
    const hash = 'AEC070645FE53EE3B3763059376134F058CC337247C978ADD178B6CCDFB0019F';
    await add([
      indicator(`[file:hashes.'SHA-256' = '${hash}']`),
      indicator("[domain-name:value = 'Evil.Example.']"),
      indicator("[url:value = 'HTTPS://Evil.example/Path']"),
      indicator("[ipv6-addr:value = '2001:0DB8::0001']"),
      indicator("[domain-name:value = '198.51.100.7']"),
      indicator("[ipv4-addr:value = '198.51.100.0/24']"),
    ]);
    const kinds = async (search: ObservableSearch) => (await find(search)).map(({ kind }) => kind);
    expect(await kinds({ value: hash })).toEqual(['FILE_HASH']);
    expect(await kinds({ value: 'EVIL.example' })).toEqual(['DOMAIN_NAME']);
    expect(await kinds({ value: 'HTTPS://EVIL.example/Path' })).toEqual(['URL']);
    expect(await kinds({ value: 'https://evil.example/path' })).toEqual([]);
    expect(await kinds({ value: '2001:db8:0::1/128' })).toEqual(['IPV6_ADDR']);
    expect(await kinds({ value: '198.51.100.7' })).toEqual(['DOMAIN_NAME', 'IPV4_ADDR']);
    expect(await kinds({ value: '198.51.100.7', kind: 'IPV4_ADDR' })).toEqual(['IPV4_ADDR']);
    expect(await kinds({ value: '198.51.100.7', kind: 'DOMAIN_NAME' })).toEqual(['DOMAIN_NAME']);
    expect(await kinds({ value: '198.51.100.7', kind: 'IPV6_ADDR' }).catch((error) => error)).toBeInstanceOf(
      InputError,
    );
    expect(await kinds({ kind: 'URL' })).toEqual(['URL']);
    expect(await kinds({ value: '' })).toEqual([]);
    expect(await kinds({ value: 'a\u0000b' })).toEqual([]);
    await expect(find({ value: 'evil.example', kind: 'IPV4_ADDR' })).rejects.toThrow(
      '"evil.example" is no address or prefix of kind IPV4_ADDR.',
    );
  });

  test('addresses are found by what covers them, by equality, and by what lies inside', async () => {
    await add([
      indicator("[ipv4-addr:value IN ('203.0.113.33', '203.0.113.0/24', '203.0.0.0/16', '192.0.2.1')]"),
      indicator("[ipv6-addr:value = '::ffff:203.0.113.33']"),
    ]);
    expect(await values({ value: '203.0.113.33' })).toEqual(['203.0.113.33', '203.0.113.0/24', '203.0.0.0/16']);
    expect(await values({ value: '203.0.113.7/24' })).toEqual(['203.0.113.0/24', '203.0.0.0/16']);
    expect(await values({ value: '203.0.113.0/24', match: 'EXACT' })).toEqual(['203.0.113.0/24']);
    expect(await values({ value: '203.0.0.0/16', match: 'WITHIN' })).toEqual([
      '203.0.0.0/16',
      '203.0.113.0/24',
      '203.0.113.33',
    ]);
    expect(await values({ value: '0.0.0.0/0', match: 'WITHIN' })).toHaveLength(4);
  });

  test('shows a version what it looks for, while it is the last', async () => {
    const one = indicator("[domain-name:value IN ('a.example', 'b.example')]");
    await add([one, version(one, '2024-01-02T00:00:00Z')]);
    const of = async (instant: string) => {
      const object = await findObject(ctx, {
        version: { collection: { taxiiId: collection.id }, stixId: String(one.id), version: instant },
      });
      if (!object) throw new Error('The version is not there.');
      return (await listObservablesOf(ctx, object, request)).items.map(({ node }) => node.value);
    };
    expect(await of('2024-01-01T00:00:00Z')).toEqual([]);
    expect(await of('2024-01-02T00:00:00Z')).toEqual(['a.example', 'b.example']);
  });

  test('only who reads a collection sees them, by whatever way', async () => {
    await add([indicator("[domain-name:value = 'secret.example']")]);
    const open = await aCollection({ isPublic: true });
    await add([indicator("[domain-name:value = 'open.example']")], open);
    const [row] = await find();
    const mine = [collection.id, open.id];
    const seen = async (as: Context) => {
      const everywhere = await listObservables(as, { kind: 'DOMAIN_NAME' }, request);
      return everywhere.items.flatMap(({ node }) => (mine.includes(node.collectionId) ? node.value : []));
    };
    const only = `threat:read@collection/${collection.id}`;
    for (const [as, expected] of [
      [threat.as(), ['open.example']],
      [threat.as('threat:write'), ['open.example']],
      [threat.as(only), ['secret.example', 'open.example']],
      [threat.as(`threat:read@apiRoot/${rootId}`), ['secret.example', 'open.example']],
      [threat.as('threat:read'), ['secret.example', 'open.example']],
      [threat.anonymous(), ['open.example']],
      [threat.anonymous(only), ['secret.example', 'open.example']],
    ] as const) {
      expect(await seen(as)).toEqual(expected);
      const [found] = await findObservables(as, [row?.id ?? '']);
      expect(found?.value).toBe(expected.find((value) => value === row?.value));
    }
    expect(await values({}, threat.as())).toEqual([]);
    expect(await values({ collections: [{ taxiiId: newId() }] }, threat.as())).toEqual([]);
    await expect(values({}, threat.anonymous())).rejects.toThrow(AuthenticationError);
    await expect(values({ collections: [{ taxiiId: newId() }] }, threat.anonymous())).rejects.toThrow(
      AuthenticationError,
    );
    expect(await values({ collections: [{ id: toGlobalId('TaxiiCollection', open.id) }] }, threat.anonymous())).toEqual(
      ['open.example'],
    );
  });
});
