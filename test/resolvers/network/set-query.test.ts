import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AmbiguousError, InputError } from '#kernel/errors.ts';
import type { StoredEvent } from '#kernel/event.ts';
import { createAttribute, createAttributes } from '#resolvers/network/attributes/create.ts';
import { parseSetQuery, type Term } from '#resolvers/network/attributes/set-query.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { deviceCreated, deviceUpdated } from '#resolvers/network/devices/device.ts';
import { type DeviceList, listDevices } from '#resolvers/network/devices/find.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { watch } from '#resolvers/network/watch.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

const term = (operation: Term['operation'], name: string, value: string, regex = false): Term => ({
  operation,
  name,
  value,
  regex,
});

describe('the language', () => {
  test('splits words as a shell does', () => {
    const values = (text: string) => parseSetQuery(text)?.map(({ value }) => value);
    expect(parseSetQuery('foo=bar owner=noc')).toEqual([
      term('INTERSECTION', 'foo', 'bar'),
      term('INTERSECTION', 'owner', 'noc'),
    ]);
    expect(parseSetQuery('-owner=lab')).toEqual([term('DIFFERENCE', 'owner', 'lab')]);
    expect(parseSetQuery('cluster +foo=baz')).toEqual([
      term('INTERSECTION', 'cluster', ''),
      term('UNION', 'foo', 'baz'),
    ]);
    expect(values("usage='Internal Network'")).toEqual(['Internal Network']);
    expect(values('usage="Internal Network"')).toEqual(['Internal Network']);
    expect(values('a="x\\"y\\\\z\\n"')).toEqual(['x"y\\z\\n']);
    expect(values("a='x\\y'")).toEqual(['x\\y']);
    expect(values('a=b\\ c\\=d=e # no=comment')).toEqual(['b c=d=e', '', 'comment']);
    expect(values('  \t\n ')).toEqual([]);
    expect(parseSetQuery("'-a=b' \"\" +''=")).toEqual([
      term('DIFFERENCE', 'a', 'b'),
      term('INTERSECTION', '', ''),
      term('UNION', '', ''),
    ]);
    expect(parseSetQuery('-a_regex=^b|c$')).toEqual([term('DIFFERENCE', 'a', '^b|c$', true)]);
  });

  test('refuses open quotes and a backslash at the end', () => {
    for (const text of ['foo="bar', "foo='", 'a\\', '"\\"', '"a\\']) expect(parseSetQuery(text)).toBeNull();
  });

  test('reads back what was quoted, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const single = `a='${value.replaceAll("'", "'\\''")}'`;
        const double = `a="${value.replace(/["\\]/g, '\\$&')}"`;
        const plain = `a=${value.replace(/[\s\S]/g, '\\$&')}`;
        for (const text of [single, double, plain])
          expect(parseSetQuery(text)).toEqual([term('INTERSECTION', 'a', value)]);
      }),
    );
  });
});

describe.each(['memory', 'embedded'] as const)('sets in %s', (storage) => {
  let net: TestNetwork;
  let site: Site;
  beforeAll(async () => {
    net = await openNetwork(storage);
    site = await fixture('Test Site');
  });
  afterAll(() => net.gateway.dispose());

  async function fixture(name: string): Promise<Site> {
    const site = await net.site(`${name} ${storage}`);
    const at = { site: { id: site.id } };
    await createAttributes(net.all, [
      { ...at, resource: 'DEVICE', name: 'cluster', constraints: { allowEmpty: true } },
      { ...at, resource: 'DEVICE', name: 'foo' },
      { ...at, resource: 'DEVICE', name: 'owner' },
      { ...at, resource: 'DEVICE', name: 'tags', multi: true },
      { ...at, resource: 'NETWORK', name: 'owner' },
    ]);
    await createDevices(net.all, [
      { ...at, hostname: 'foo-bar1', attributes: { cluster: '', foo: 'bar', owner: 'noc' } },
      { ...at, hostname: 'foo-bar2', attributes: { cluster: '', foo: 'baz', owner: 'lab' } },
      { ...at, hostname: 'foo-bar3', attributes: { cluster: 'lax', foo: 'baz', owner: 'noc' } },
      { ...at, hostname: 'foo-bar4', attributes: { cluster: 'sjc', foo: 'bar', owner: 'lab' } },
    ]);
    return site;
  }

  const numbers = async (query: string, rest: DeviceList = {}, ctx = net.all) => {
    const page = await listDevices(ctx, { site: { id: site.id }, query, ...rest }, wholePage);
    expect(await page.count()).toBe(page.items.length);
    return page.items.map(({ node }) => node.hostname.replace('foo-bar', '')).join('');
  };
  const faultOf = async (work: Promise<unknown>) => {
    const error = await work.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  };

  test('are evaluated strictly from left to right', async () => {
    expect(await numbers('foo=bar')).toBe('14');
    expect(await numbers('foo=bar owner=noc')).toBe('1');
    expect(await numbers('-owner=lab')).toBe('13');
    expect(await numbers('cluster +foo=baz')).toBe('123');
    expect(await numbers('+owner=lab')).toBe('1234');
    expect(await numbers('-foo=bar +owner=lab owner=lab')).toBe('24');
    expect(await numbers('owner=nobody')).toBe('');
    expect(await numbers('-owner=nobody')).toBe('1234');
    expect(await numbers('')).toBe('');
  });

  test('look for expressions anywhere in values, with regard to case', async () => {
    expect(await numbers('owner_regex=o')).toBe('13');
    expect(await numbers('owner_regex=^o')).toBe('');
    expect(await numbers('-owner_regex=^L')).toBe('1234');
    expect(await numbers('cluster_regex=^(lax|sjc)$')).toBe('34');
    expect(await numbers('cluster_regex=')).toBe('1234');
    expect(await faultOf(numbers('owner_regex=(a)\\\\1'))).toMatch(/^'\(a\)\\1' is no regular expression: /);
  });

  test('have exactly one member where that is demanded, before filter and page', async () => {
    expect(await numbers('owner=noc foo=bar', { unique: true })).toBe('1');
    expect(await faultOf(numbers('owner=noc +foo=bar', { unique: true }))).toBe(
      'Query returned 3 results, but exactly 1 expected',
    );
    expect(await faultOf(numbers('foo=bar', { unique: true, filter: { hostname: 'foo-bar1' } }))).toBe(
      'Query returned 2 results, but exactly 1 expected',
    );
    expect(await faultOf(numbers('', { unique: true }))).toBe('Query empty, unable to provide Device');
    expect(await faultOf(numbers('a=b', { unique: true, site: { name: 'nowhere' } }))).toBe(
      'Query returned 0 results, but exactly 1 expected',
    );
  });

  test('refuse what cannot be read, and attributes that there are not', async () => {
    expect(await faultOf(numbers('chop=suey'))).toBe("Attribute matching query does not exist: 'chop'");
    expect(await faultOf(numbers('foo=bar -'))).toBe("Attribute matching query does not exist: ''");
    expect(await faultOf(numbers('foo="bar'))).toBe('No closing quotation');
    expect(await faultOf(numbers(Array(101).fill('foo=bar').join(' ')))).toMatch(/100 terms/);
    expect(await faultOf(numbers(`foo=${'a'.repeat(4093)}`))).toMatch(/4096 characters/);
    expect(await numbers(Array(100).fill('foo=bar').join(' '))).toBe('14');
  });

  test('combine with filters by value', async () => {
    const attributes = [{ name: 'owner', value: 'noc' }, { name: 'cluster' }];
    expect(await numbers('-foo=baz', { filter: { attributes } })).toBe('1');
    const listed = async (filter: DeviceList['filter']) =>
      (await listDevices(net.all, { site: { id: site.id }, filter }, wholePage)).items.length;
    expect(await listed({ attributes: [{ name: 'owner', value: 'noc' }] })).toBe(2);
    expect(await listed({ attributes: [{ name: 'unknown', value: 'noc' }] })).toBe(0);
    expect(await listed({ attributes: [] })).toBe(4);
  });

  test('hold what the viewer may see and nothing else', async () => {
    const [first] = (await listDevices(net.all, { site: { id: site.id } }, wholePage)).items;
    const seer = net.as(`network:read@device/${first?.node.id}`);
    expect(await numbers('-owner=lab', {}, seer)).toBe('1');
    expect(await numbers('-owner=lab', { unique: true }, seer)).toBe('1');
    // Which definitions there are, he may not know.
    expect(await numbers('-no_such_name=lab', {}, seer)).toBe('1');
    expect(await numbers('chop=suey', {}, net.as('network:read@site/018f0000-0000-7000-8000-000000000000'))).toBe('');
  });

  test('tell by their attributes which Site is meant, where only one can be', async () => {
    const other = await fixture('Other');
    await createAttribute(net.all, { site: { id: other.id }, resource: 'DEVICE', name: 'only_here' });
    await createDevice(net.all, { site: { id: other.id }, hostname: 'x5', attributes: { only_here: 'y' } });
    const list = async (query: string, ctx = net.all) =>
      (await listDevices(ctx, { query }, wholePage)).items.map(({ node }) => node.hostname);
    expect(await list('only_here=y')).toEqual(['x5']);
    await expect(list('foo=bar')).rejects.toThrow(AmbiguousError);
    await expect(list('foo=bar only_here=y')).rejects.toThrow('Give a site.');
    const seer = net.as(`network:read@site/${other.id}`);
    expect(await list('foo=bar', seer)).toEqual(['foo-bar1', 'foo-bar4']);
    expect(await faultOf(list('nowhere=y'))).toBe("Attribute matching query does not exist: 'nowhere'");
  });

  test('are of networks too', async () => {
    const at = { site: { id: site.id } };
    await createNetworks(net.all, [
      { ...at, cidr: '10.0.0.0/8', attributes: { owner: 'noc' } },
      { ...at, cidr: '10.1.0.0/16', attributes: { owner: 'lab' } },
      { ...at, cidr: '10.1.0.1/32' },
    ]);
    const list = async (input: Parameters<typeof listNetworks>[1]) =>
      (await listNetworks(net.all, { ...at, ...input }, wholePage)).items.map(({ node }) => node.cidr);
    expect(await list({ query: '-owner=lab' })).toEqual(['10.0.0.0/8', '10.1.0.1/32']);
    expect(await list({ query: '-owner=lab', filter: { includeIps: false } })).toEqual(['10.0.0.0/8']);
    expect(await list({ filter: { attributes: [{ name: 'owner', value: 'lab' }] } })).toEqual(['10.1.0.0/16']);
    expect(await faultOf(list({ query: '', unique: true }))).toBe('Query empty, unable to provide Network');
  });

  test('choose the events of things that were or are in them', async () => {
    const other = await fixture('Watched');
    const at = { site: { id: other.id } };
    const watched = { type: 'Device', events: [deviceCreated, deviceUpdated], resource: 'DEVICE' } as const;
    const { matches } = await watch(net.all, watched, { query: 'owner=noc -foo_regex=z', ...at });
    const device = await createDevice(net.all, { ...at, hostname: 'new', attributes: { owner: 'noc' } });
    const by = { id: device.id };
    await updateDevice(net.all, { by, attributes: { owner: 'lab' } });
    await updateDevice(net.all, { by, attributes: { owner: 'lab', foo: 'x' } });
    await updateDevice(net.all, { by, attributes: { owner: 'noc', foo: 'y' } });
    await updateDevice(net.all, { by, attributes: { owner: 'noc', foo: 'z' } });
    await updateDevice(net.all, { by, hostname: 'newer' });
    const events = (await net.events(other, 'network.device.*')).slice(4);
    expect(events.map((event: StoredEvent) => matches?.(event))).toEqual([true, true, false, true, true, false]);
    const elsewhere = await net.events(site, 'network.device.created');
    expect(elsewhere.some((event) => matches?.(event))).toBe(false);
    expect(await faultOf(watch(net.all, watched, { query: 'chop=suey', ...at }))).toMatch(/does not exist/);
  });

  test('agree with a naive evaluation of any query', async () => {
    const site = await fixture('Random');
    const at = { site: { id: site.id } };
    const texts = ['a', 'b', 'ab', 'B'];
    const carrying = fc.record(
      {
        foo: fc.constantFrom(...texts),
        owner: fc.constantFrom(...texts),
        cluster: fc.constantFrom('', ...texts),
        tags: fc.uniqueArray(fc.constantFrom(...texts), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const things = fc.sample(carrying, { numRuns: 25, seed: 7 });
    await createDevices(
      net.all,
      things.map((attributes, index) => ({ ...at, hostname: `r${index}`, attributes })),
    );
    const all = (await listDevices(net.all, at, wholePage)).items.map(({ node }) => node.hostname);
    const carriedBy = new Map(things.map((attributes, index) => [`r${index}`, attributes as Record<string, unknown>]));
    const word = fc.record({
      operator: fc.constantFrom('', '+', '-'),
      name: fc.constantFrom('foo', 'owner', 'cluster', 'tags'),
      regex: fc.boolean(),
      value: fc.constantFrom('', ...texts, 'none'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 6 }), async (words) => {
        let set = new Set(all);
        for (const { operator, name, regex, value } of words) {
          const carriers = all.filter((hostname) => {
            const carried = hostname.startsWith('r') ? carriedBy.get(hostname)?.[name] : fixtureOf(hostname)[name];
            return [carried ?? []].flat().some((one) => (regex ? String(one).includes(value) : one === value));
          });
          const member = new Set(carriers);
          if (operator === '+') set = new Set([...set, ...carriers]);
          else set = new Set([...set].filter((hostname) => member.has(hostname) === (operator === '')));
        }
        const query = words
          .map(({ operator, name, regex, value }) => `${operator}${name}${regex ? '_regex' : ''}=${value}`)
          .join(' ');
        const found = (await listDevices(net.all, { ...at, query }, wholePage)).items.map(({ node }) => node.hostname);
        expect(found).toEqual(all.filter((hostname) => set.has(hostname)));
      }),
      { numRuns: 60 },
    );
  });
});

const fixtureOf = (hostname: string): Record<string, unknown> =>
  ({
    'foo-bar1': { cluster: '', foo: 'bar', owner: 'noc' },
    'foo-bar2': { cluster: '', foo: 'baz', owner: 'lab' },
    'foo-bar3': { cluster: 'lax', foo: 'baz', owner: 'noc' },
    'foo-bar4': { cluster: 'sjc', foo: 'bar', owner: 'lab' },
  })[hostname] ?? {};
