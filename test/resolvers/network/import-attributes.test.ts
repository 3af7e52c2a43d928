import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { createAttributes } from '#resolvers/network/attributes/create.ts';
import { updateAttribute } from '#resolvers/network/attributes/update.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { listDevices } from '#resolvers/network/devices/find.ts';
import { findImports, listNotes } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

type Row = Record<string, unknown>;
const json = (...rows: Row[]) => ({ text: JSON.stringify(rows), format: 'JSON' }) as const;
const csv = (...lines: string[]) => ({ text: lines.join('\r\n'), format: 'CSV' }) as const;

/** A Site where devices and networks may carry a role, several tags and a color that must be one. */
async function definedSite(): Promise<Site> {
  const site = await net.site();
  const resources = ['DEVICE', 'NETWORK'] as const;
  await createAttributes(
    net.all,
    resources.flatMap((resource) => [
      { site: { id: site.id }, resource, name: 'role' },
      { site: { id: site.id }, resource, name: 'tags', multi: true },
      { site: { id: site.id }, resource, name: 'color', constraints: { validValues: ['red', 'blue'] } },
    ]),
  );
  return site;
}

/** How an import ended: outcomes by number, and what failed. */
async function run(site: Site, input: ImportInput, ctx: Context = net.all) {
  const ended = await importInventory(ctx, { site: { id: site.id }, ...input }).catch(async (error) => {
    if (!(error instanceof ImportRejectedError)) throw error;
    const [rejected] = await findImports(net.all, [error.importId]);
    if (!rejected) throw error;
    return rejected;
  });
  const notes = (await listNotes(net.all, ended, {}, wholePage)).items.map(({ node }) => node);
  return {
    counts: ended.counts.map(({ kind, ...numbers }) => {
      const some = Object.entries(numbers).filter(([, count]) => count > 0);
      return `${kind} ${some.map(([name, count]) => `${name} ${count}`).join(' ')}`;
    }),
    notes: notes.map(({ row, path, message }) => `${row} ${path.join('.')}: ${message}`),
  };
}

/** What everything in a Site carries, by hostname and prefix. */
async function carried(site: Site) {
  const scope = { site: { id: site.id } };
  const devices = (await listDevices(net.all, scope, wholePage)).items.map(({ node }) => ({
    ...node,
    key: node.hostname,
  }));
  const networks = (await listNetworks(net.all, scope, wholePage)).items.map(({ node }) => ({
    ...node,
    key: node.cidr,
  }));
  const things = [...devices, ...networks];
  const attributes = await attributesOf(
    net.gateway.context(),
    things.map(({ id }) => id),
  );
  return Object.fromEntries(things.map(({ key }, index) => [key, attributes[index]]));
}

describe('attributes in rows', () => {
  test('are stored with devices and networks, and told in their events', async () => {
    const site = await definedSite();
    const { counts } = await run(
      site,
      json(
        { kind: 'device', hostname: 'r1', attributes: { role: 'spine', tags: ['b', 'a'] } },
        { kind: 'network', cidr: '10.0.0.0/8', attributes: { color: 'red' } },
        { kind: 'network', cidr: '10.0.0.1/32', attributes: { role: 'loopback' } },
      ),
    );
    expect(counts).toEqual(['DEVICE created 1', 'NETWORK created 2']);
    const expected = {
      r1: { role: 'spine', tags: ['b', 'a'] },
      '10.0.0.0/8': { color: 'red' },
      '10.0.0.1/32': { role: 'loopback' },
    };
    expect(await carried(site)).toEqual(expected);
    const events = await net.events(site, 'network.*');
    const created = events.filter(({ name }) => /network\.(device|network)\.created/.test(name));
    expect(created.map(({ after }) => (after as Row).attributes)).toEqual(Object.values(expected));
  });

  test('that are not named are kept, and the same rows again change nothing and tell nothing', async () => {
    const site = await definedSite();
    const first = json(
      { kind: 'device', hostname: 'r1', attributes: { role: 'spine', tags: ['a'] } },
      { kind: 'network', cidr: '10.0.0.0/8', attributes: { role: 'core' } },
    );
    await run(site, first);
    const events = await net.events(site);
    expect((await run(site, first)).counts).toEqual(['DEVICE unchanged 1', 'NETWORK unchanged 1']);
    expect(await net.events(site)).toHaveLength(events.length);
    const { counts } = await run(
      site,
      json(
        { kind: 'device', hostname: 'r1', attributes: { tags: ['b'] } },
        { kind: 'network', cidr: '10.0.0.0/8', state: 'RESERVED', attributes: { color: 'blue' } },
      ),
    );
    expect(counts).toEqual(['DEVICE updated 1', 'NETWORK updated 1']);
    expect(await carried(site)).toEqual({
      r1: { role: 'spine', tags: ['b'] },
      '10.0.0.0/8': { role: 'core', color: 'blue' },
    });
    const [device, network] = (await net.events(site)).slice(events.length);
    expect([device?.before, device?.after].map((snapshot) => (snapshot as Row).attributes)).toEqual([
      { role: 'spine', tags: ['a'] },
      { role: 'spine', tags: ['b'] },
    ]);
    expect(network?.after).toMatchObject({ state: 'RESERVED', attributes: { role: 'core', color: 'blue' } });
  });

  test('are left by rows that name none, and emptied lists leave nothing', async () => {
    const site = await definedSite();
    await run(site, json({ kind: 'device', hostname: 'r1', attributes: { role: 'spine', tags: ['a'] } }));
    const again = await run(site, json({ kind: 'device', hostname: 'R1' }));
    expect([again.counts, await carried(site)]).toEqual([['DEVICE updated 1'], { R1: { role: 'spine', tags: ['a'] } }]);
    await run(site, json({ kind: 'device', hostname: 'R1', attributes: { tags: [] } }));
    expect(await carried(site)).toEqual({ R1: { role: 'spine' } });
    const empty = json({ kind: 'device', hostname: 'R1', attributes: { tags: [] } });
    expect((await run(site, empty)).counts).toEqual(['DEVICE unchanged 1']);
  });

  test('come in cells of a table, several values split by a bar', async () => {
    const site = await definedSite();
    const table = csv(
      'kind,hostname,cidr,attributes.role,attributes.tags',
      'device,r1,,a\\|b,one|two\\|half',
      'device,r2,,,solo',
      'network,,10.0.0.0/8,core,',
    );
    expect((await run(site, table)).counts).toEqual(['DEVICE created 2', 'NETWORK created 1']);
    expect(await carried(site)).toEqual({
      r1: { role: 'a|b', tags: ['one', 'two|half'] },
      r2: { tags: ['solo'] },
      '10.0.0.0/8': { role: 'core' },
    });
    expect((await run(site, table)).counts).toEqual(['DEVICE unchanged 2', 'NETWORK unchanged 1']);
    expect((await run(site, csv('kind,hostname,attributes.role', 'device,r3,a|b'))).notes).toEqual([
      '2 attributes.role: Attribute values must be a string type',
    ]);
  });

  test('must be defined and fit their definition, and required ones must be there', async () => {
    const site = await definedSite();
    await createAttributes(net.all, [{ site: { id: site.id }, resource: 'DEVICE', name: 'owner', required: true }]);
    const { notes } = await run(
      site,
      json(
        { kind: 'device', hostname: 'r1' },
        { kind: 'device', hostname: 'r2', attributes: { owner: 'noc', rack: '7' } },
        { kind: 'device', hostname: 'r3', attributes: { owner: 'noc', color: 'green' } },
        { kind: 'network', cidr: '10.0.0.0/8', attributes: { tags: 'a' } },
        { kind: 'network', cidr: '11.0.0.0/8', attributes: null },
        { kind: 'device', hostname: 'r4', attributes: { owner: 'noc' } },
      ),
    );
    expect(notes).toEqual([
      '0 attributes: Missing required attributes: owner',
      '1 attributes.rack: Attribute name (rack) does not exist.',
      "2 attributes.color: Attribute value 'green' for 'color' not a valid value: red, blue",
      '3 attributes.tags: Attribute values must be a list type',
      '4 attributes: attributes must be an object of names, each with a text or a list of texts.',
    ]);
    expect(await carried(site)).toEqual({});
  });

  test('that became required are asked for where a row changes something', async () => {
    const site = await definedSite();
    await run(site, json({ kind: 'device', hostname: 'r1', attributes: { role: 'spine' } }));
    const [owner] = await createAttributes(net.all, [{ site: { id: site.id }, resource: 'DEVICE', name: 'owner' }]);
    await updateAttribute(net.all, { by: { id: owner?.id ?? '' }, required: true });
    const same = json({ kind: 'device', hostname: 'r1', attributes: { role: 'spine' } });
    expect((await run(site, same)).counts).toEqual(['DEVICE unchanged 1']);
    const other = json({ kind: 'device', hostname: 'r1', attributes: { role: 'leaf' } });
    expect((await run(site, other)).notes).toEqual(['0 attributes: Missing required attributes: owner']);
    const renamed = json({ kind: 'device', hostname: 'R1' });
    expect((await run(site, renamed)).counts).toEqual(['DEVICE updated 1']);
  });

  test('of several rows about one thing add up, and contradict one another by name', async () => {
    const site = await definedSite();
    const { counts, notes } = await run(site, {
      ...json(
        { kind: 'device', hostname: 'r1', attributes: { role: 'spine' } },
        { kind: 'device', hostname: 'r1', attributes: { role: 'spine', color: 'red' } },
        { kind: 'device', hostname: 'r2', attributes: { role: 'spine' } },
        { kind: 'device', hostname: 'r2', attributes: { role: 'leaf' } },
      ),
      onError: 'SKIP_ROW',
    });
    expect(counts).toEqual(['DEVICE created 1 unchanged 1 failed 2']);
    expect(await carried(site)).toEqual({ r1: { role: 'spine', color: 'red' } });
    expect(new Set(notes.map((note) => note.slice(2)))).toEqual(
      new Set(['attributes.role: attributes.role is not the same in row 2 (r2) and in row 3 (r2).']),
    );
  });

  test('that an import gives to all are had by what it makes and by nothing else', async () => {
    const site = await definedSite();
    await run(site, json({ kind: 'device', hostname: 'old' }));
    await run(site, {
      ...json(
        { kind: 'device', hostname: 'old', attributes: { color: 'red' } },
        { kind: 'device', hostname: 'new', attributes: { tags: ['x'] } },
        { kind: 'device', hostname: 'own', attributes: { role: 'leaf' } },
        { kind: 'network', cidr: '10.0.0.1/32' },
      ),
      defaults: { attributes: { role: 'imported' } },
      baseNetworks: ['10.0.0.0/8'],
    });
    expect(await carried(site)).toEqual({
      old: { color: 'red' },
      new: { role: 'imported', tags: ['x'] },
      own: { role: 'leaf' },
      '10.0.0.0/8': { role: 'imported' },
      '10.0.0.1/32': { role: 'imported' },
    });
  });

  test('are kept as they are where what exists is kept', async () => {
    const site = await definedSite();
    await run(site, json({ kind: 'device', hostname: 'r1', attributes: { role: 'spine' } }));
    const other = json({ kind: 'device', hostname: 'r1', attributes: { role: 'leaf' } });
    expect((await run(site, { ...other, onExisting: 'KEEP' })).counts).toEqual(['DEVICE skipped 1']);
    expect((await run(site, { ...other, dryRun: true })).counts).toEqual(['DEVICE updated 1']);
    expect(await carried(site)).toEqual({ r1: { role: 'spine' } });
  });

  test('need the right to change what carries them', async () => {
    const site = await definedSite();
    await run(site, json({ kind: 'device', hostname: 'r1', attributes: { role: 'spine' } }));
    const reader = net.as(`network:read@site/${site.id}`, `network:create@site/${site.id}`);
    const other = json({ kind: 'device', hostname: 'r1', attributes: { role: 'leaf' } });
    expect((await run(site, other, reader)).counts).toEqual(['DEVICE failed 1']);
    expect(await carried(site)).toEqual({ r1: { role: 'spine' } });
  });

  test('of many rows take as many statements as those of a few', async () => {
    const rows = (count: number, role: string) =>
      json(...Array.from({ length: count }, (_, n) => ({ kind: 'device', hostname: `r${n}`, attributes: { role } })));
    const [few, many] = [await definedSite(), await definedSite()];
    const costs = async (site: Site, count: number) => [
      await net.statements(() => run(site, rows(count, 'spine'))),
      await net.statements(() => run(site, rows(count, 'leaf'))),
      await net.statements(() => run(site, rows(count, 'leaf'))),
    ];
    expect(await costs(many, 200)).toEqual(await costs(few, 2));
  });
});
