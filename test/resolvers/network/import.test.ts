import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { listDevices } from '#resolvers/network/devices/find.ts';
import { findImports, listNotes } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { type ImportNote, type InventoryImport, importStore } from '#resolvers/network/imports/inventory-import.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import { updateNetwork } from '#resolvers/network/networks/update.ts';
import { findSite } from '#resolvers/network/sites/find.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

type Row = Record<string, unknown>;
const json = (...rows: Row[]) => ({ text: JSON.stringify(rows), format: 'JSON' }) as const;
const prefixes = (...lines: string[]) => ({ text: lines.join('\n'), format: 'PREFIX_LIST' }) as const;

/** How an import ended, with all it keeps of its rows; also one that was rejected. */
async function run(input: ImportInput, ctx: Context = net.all) {
  let ended: InventoryImport | null | undefined;
  try {
    ended = await importInventory(ctx, input);
  } catch (error) {
    if (!(error instanceof ImportRejectedError)) throw error;
    [ended] = await findImports(net.all, [error.importId]);
  }
  if (!ended) throw new Error('The import is not kept.');
  const { items } = await listNotes(net.gateway.context(), ended, {}, wholePage);
  return { state: ended.state, counts: countsOf(ended), notes: items.map(({ node }) => node), ended };
}

/** `device: created 2 failed 1` */
const countsOf = ({ counts }: InventoryImport): string[] =>
  counts.map(({ kind, ...numbers }) => {
    const some = Object.entries(numbers).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
    return `${kind.toLowerCase()}: ${some.join(' ')}`;
  });

const brief = (notes: readonly ImportNote[]) => notes.map(({ row, code, message }) => `${row} ${code} ${message}`);

const cidrsOf = async (site: { id: string }) =>
  (await listNetworks(net.all, { site: { id: site.id } }, wholePage)).items.map(({ node }) => node);
const hostnamesOf = async (site: { id: string }) =>
  (await listDevices(net.all, { site: { id: site.id } }, wholePage)).items.map(({ node }) => node.hostname);

describe('an import', () => {
  test('makes sites, devices and networks, whatever the order of the rows', async () => {
    const { state, counts, notes } = await run(
      json(
        { kind: 'network', site: 'order', cidr: '10.1.1.1' },
        { kind: 'device', site: 'order', hostname: 'r1' },
        { kind: 'network', site: 'order', cidr: '10.1.1.0/24', state: 'RESERVED' },
        { kind: 'network', site: 'order', networkAddress: '10.0.0.0', prefixLength: 8 },
        { kind: 'site', name: 'order', description: 'all\nat once' },
      ),
    );
    expect([state, counts, notes]).toEqual([
      'COMPLETED',
      ['site: created 1', 'device: created 1', 'network: created 3'],
      [],
    ]);
    const site = await findSite(net.all, { name: 'order' });
    expect(site?.description).toBe('all\nat once');
    const networks = await cidrsOf(site as never);
    const parentOf = (cidr: string) =>
      networks.find(({ id }) => id === networks.find((n) => n.cidr === cidr)?.parentId);
    expect(networks.map(({ cidr, state }) => [cidr, state, parentOf(cidr)?.cidr])).toEqual(
      expect.arrayContaining([
        ['10.0.0.0/8', 'ALLOCATED', undefined],
        ['10.1.1.0/24', 'RESERVED', '10.0.0.0/8'],
        ['10.1.1.1/32', 'ALLOCATED', '10.1.1.0/24'],
      ]),
    );
  });

  test('emits the events of single calls, and those of its own', async () => {
    await run(json({ kind: 'site', name: 'events' }, { kind: 'network', site: 'events', cidr: '10.0.0.0/8' }));
    const site = await findSite(net.all, { name: 'events' });
    const events = await net.events(site as never);
    expect(events.map(({ name }) => name)).toEqual(['network.site.created', 'network.network.created']);
    expect(events[1]?.after).toMatchObject({ cidr: '10.0.0.0/8', parent: null });
    expect(new Set(events.map(({ tx }) => tx)).size).toBe(1);
  });

  test('changes nothing the second time, and appends no event', async () => {
    const site = await net.site();
    const input = {
      ...json({ kind: 'device', hostname: 'r1' }, { kind: 'network', cidr: '10.0.0.0/8' }),
      site: { id: site.id },
    };
    await run(input);
    const before = await net.events(site);
    const { state, counts } = await run(input);
    expect([state, counts]).toEqual(['COMPLETED', ['device: unchanged 1', 'network: unchanged 1']]);
    expect(await net.events(site)).toHaveLength(before.length);
  });

  test('writes nothing when a row fails, and tells of every one that does', async () => {
    const site = await net.site();
    const { state, counts, notes } = await run({
      ...prefixes('10.0.0.0/8', '10.0.0.0/33', '11.0.0.1', '10.1.0.0/8', '12.0.0.0/8'),
      site: { id: site.id },
    });
    expect([state, counts]).toEqual(['REJECTED', ['network: skipped 2 failed 3']]);
    expect(brief(notes)).toEqual([
      '2 BAD_USER_INPUT Invalid CIDR: 10.0.0.0/33. Must be IPv4/IPv6 notation.',
      '3 BAD_USER_INPUT IP Address needs base network.',
      '4 BAD_USER_INPUT 10.1.0.0/8 has host bits set',
    ]);
    expect(notes.map(({ path }) => path)).toEqual([['cidr'], ['cidr'], ['cidr']]);
    expect(await cidrsOf(site)).toEqual([]);
    expect((await net.events(site)).map(({ name }) => name)).toEqual(['network.site.created']);
  });

  test('writes the others when told to skip rows that fail, and not what needs them', async () => {
    const { state, counts, notes } = await run({
      ...json(
        { kind: 'site', name: 'skip' },
        { kind: 'device', site: 'skip', hostname: 'good' },
        { kind: 'device', site: 'skip', hostname: 'bad name' },
        { kind: 'site', name: 'twice', description: 'a' },
        { kind: 'site', name: 'twice', description: 'b' },
        { kind: 'device', site: 'twice', hostname: 'homeless' },
        { kind: 'network', site: 'nowhere', cidr: '10.0.0.0/8' },
      ),
      onError: 'SKIP_ROW',
    });
    expect([state, counts]).toEqual([
      'COMPLETED',
      ['site: created 1 failed 2', 'device: created 1 failed 2', 'network: failed 1'],
    ]);
    expect(brief(notes)).toEqual([
      '2 BAD_USER_INPUT hostname may not hold ":", "/" or blanks.',
      '3 CONTRADICTION description is not the same in row 3 (twice) and in row 4 (twice).',
      '4 CONTRADICTION description is not the same in row 3 (twice) and in row 4 (twice).',
      '5 DEPENDENCY_FAILED Its site twice failed too.',
      "6 BAD_USER_INPUT Site not found: name='nowhere'.",
    ]);
    expect(await hostnamesOf((await findSite(net.all, { name: 'skip' })) as never)).toEqual(['good']);
    expect(await findSite(net.all, { name: 'twice' })).toBe(null);
  });

  test('merges equal rows and adds up what rows say, and fails rows that contradict each other', async () => {
    const site = await net.site();
    const { counts, notes } = await run({
      ...json(
        { kind: 'network', cidr: '10.0.0.0/8' },
        { kind: 'network', cidr: '10.0.0.0/255.0.0.0', state: 'RESERVED' },
        { kind: 'network', cidr: ' 10.0.0.0/8 ' },
        { kind: 'device', hostname: 'r1' },
        { kind: 'device', hostname: 'R1' },
      ),
      site: { id: site.id },
      onError: 'SKIP_ROW',
    });
    expect(counts).toEqual(['device: failed 2', 'network: created 1 unchanged 2']);
    expect(brief(notes)).toEqual([
      '3 CONTRADICTION hostname is not the same in row 3 (r1) and in row 4 (R1).',
      '4 CONTRADICTION hostname is not the same in row 3 (r1) and in row 4 (R1).',
    ]);
    expect((await cidrsOf(site)).map(({ cidr, state }) => [cidr, state])).toEqual([['10.0.0.0/8', 'RESERVED']]);
  });
});

describe('what exists', () => {
  const rows = json(
    { kind: 'site', name: 'present', description: 'new' },
    { kind: 'device', site: 'present', hostname: 'R1' },
    { kind: 'network', site: 'present', cidr: '10.0.0.0/8', state: 'RESERVED' },
    { kind: 'network', site: 'present', cidr: '11.0.0.0/8' },
  );
  beforeAll(async () => {
    await run(
      json(
        { kind: 'site', name: 'present', description: 'old' },
        { kind: 'device', site: 'present', hostname: 'r1' },
        { kind: 'network', site: 'present', cidr: '10.0.0.0/8' },
        { kind: 'network', site: 'present', cidr: '11.0.0.0/8', state: 'ORPHANED' },
      ),
    );
  });
  const present = async () => {
    const site = await findSite(net.all, { name: 'present' });
    const networks = await cidrsOf(site as never);
    return [site?.description, ...(await hostnamesOf(site as never)), ...networks.map(({ state }) => state)];
  };

  test('makes a row fail when it must be new', async () => {
    const { state, notes } = await run({ ...rows, onExisting: 'FAIL' });
    expect([state, brief(notes)]).toEqual([
      'REJECTED',
      [
        '0 CONFLICT present already exists.',
        '1 CONFLICT R1 already exists in this site.',
        '2 CONFLICT 10.0.0.0/8 already exists in this site.',
        '3 CONFLICT 11.0.0.0/8 already exists in this site.',
      ],
    ]);
    expect(notes.map(({ path }) => path)).toEqual([['name'], ['hostname'], ['cidr'], ['cidr']]);
  });

  test('stays as it is when it is to be kept, and the row is skipped where it says something else', async () => {
    const { state, counts, notes } = await run({ ...rows, onExisting: 'KEEP' });
    expect([state, counts]).toEqual([
      'COMPLETED',
      ['site: skipped 1', 'device: skipped 1', 'network: unchanged 1 skipped 1'],
    ]);
    expect(notes.map(({ row, outcome, code }) => [row, outcome, code])).toEqual([
      [0, 'SKIPPED', 'KEPT'],
      [1, 'SKIPPED', 'KEPT'],
      [2, 'SKIPPED', 'KEPT'],
    ]);
    expect(await present()).toEqual(['old', 'r1', 'ALLOCATED', 'ORPHANED']);
  });

  test('gets what the row gives and keeps the rest, with events that show before and after', async () => {
    const { state, counts } = await run({ ...rows, defaults: { state: 'ASSIGNED' } });
    expect([state, counts]).toEqual([
      'COMPLETED',
      ['site: updated 1', 'device: updated 1', 'network: updated 1 unchanged 1'],
    ]);
    expect(await present()).toEqual(['new', 'R1', 'RESERVED', 'ORPHANED']);
    const site = await findSite(net.all, { name: 'present' });
    const updates = (await net.events(site as never)).filter(({ name }) => name.endsWith('.updated'));
    expect(updates.map(({ name, before, after }) => [name, before, after])).toEqual([
      [
        'network.site.updated',
        expect.objectContaining({ description: 'old' }),
        expect.objectContaining({ description: 'new' }),
      ],
      [
        'network.device.updated',
        expect.objectContaining({ hostname: 'r1' }),
        expect.objectContaining({ hostname: 'R1' }),
      ],
      [
        'network.network.updated',
        expect.objectContaining({ state: 'ALLOCATED' }),
        expect.objectContaining({ state: 'RESERVED' }),
      ],
    ]);
  });

  test('never loses the state of an assigned address', async () => {
    const site = await net.site();
    await createNetwork(net.all, { site: { id: site.id }, cidr: '10.0.0.0/8', state: 'ASSIGNED' });
    await createNetwork(net.all, { site: { id: site.id }, cidr: '10.0.0.1', state: 'ASSIGNED' });
    const { counts } = await run({
      ...json(
        { kind: 'network', cidr: '10.0.0.0/8', state: 'RESERVED' },
        { kind: 'network', cidr: '10.0.0.1', state: 'ORPHANED' },
      ),
      site: { id: site.id },
    });
    expect(counts).toEqual(['network: updated 1 unchanged 1']);
  });

  test('is never deleted, and what the file does not name is not touched', async () => {
    const site = await net.site();
    await createDevice(net.all, { site: { id: site.id }, hostname: 'other' });
    await run({ ...json({ kind: 'device', hostname: 'r1' }), site: { id: site.id } });
    expect(await hostnamesOf(site)).toEqual(['other', 'r1']);
  });
});

describe('defaults', () => {
  test('give a state to networks that are made and whose rows say none', async () => {
    const site = await net.site();
    await run({
      ...json({ kind: 'network', cidr: '10.0.0.0/8' }, { kind: 'network', cidr: '11.0.0.0/8', state: 'ALLOCATED' }),
      site: { id: site.id },
      defaults: { state: 'RESERVED' },
    });
    expect((await cidrsOf(site)).map(({ state }) => state)).toEqual(['RESERVED', 'ALLOCATED']);
  });

  test('base networks are made first when missing, and are never a reason to fail', async () => {
    const site = await net.site();
    const input = { ...prefixes('10.0.0.1'), site: { id: site.id }, baseNetworks: ['0.0.0.0/0', '10.0.0.0/8'] };
    expect((await run(input)).counts).toEqual(['network: created 3']);
    const again = await run({
      ...prefixes('10.0.0.2'),
      site: { id: site.id },
      baseNetworks: ['0.0.0.0/0'],
      onExisting: 'FAIL',
    });
    expect(again.counts).toEqual(['network: created 1 unchanged 1']);
  });
});

describe('a rehearsal', () => {
  test('tells what would be done now, is kept, and writes nothing', async () => {
    const site = await net.site();
    const rows = json(
      { kind: 'site', name: 'rehearsed' },
      { kind: 'device', site: 'rehearsed', hostname: 'r1' },
      { kind: 'network', cidr: '10.0.0.0/8' },
    );
    const { ended, counts } = await run({ ...rows, site: { id: site.id }, dryRun: true });
    expect([ended.dryRun, ended.state, counts]).toEqual([
      true,
      'COMPLETED',
      ['site: created 1', 'device: created 1', 'network: created 1'],
    ]);
    expect(await findSite(net.all, { name: 'rehearsed' })).toBe(null);
    expect(await cidrsOf(site)).toEqual([]);
    expect((await findImports(net.all, [ended.id]))[0]?.counts).toEqual(ended.counts);
    expect((await run({ ...rows, site: { id: site.id } })).counts).toEqual(counts);
  });

  test('fails the rows that the real run would fail', async () => {
    const site = await net.site();
    const input = { ...prefixes('10.0.0.1', '10.0.0.0/24'), site: { id: site.id } };
    expect((await run({ ...input, dryRun: true })).state).toBe('COMPLETED');
    const alone = { ...prefixes('11.0.0.1'), site: { id: site.id }, dryRun: true };
    expect(brief((await run(alone)).notes)).toEqual(['1 BAD_USER_INPUT IP Address needs base network.']);
  });
});

describe('bad input', () => {
  const refused = async (input: Partial<ImportInput>) => {
    const before = (await net.all.use(importStore).page(null, wholePage)).items.length;
    const error = await importInventory(net.all, { ...prefixes('10.0.0.0/8'), ...input } as ImportInput).catch(
      (e) => e,
    );
    expect((await net.all.use(importStore).page(null, wholePage)).items).toHaveLength(before);
    return `${error.code} ${error.path?.join('.')}: ${error.message}`;
  };

  test('is refused as a whole, and no import is kept of it', async () => {
    expect(await refused({})).toBe(
      'BAD_USER_INPUT site: Give a site: nothing in the text says where its networks lie.',
    );
    expect(await refused({ site: { name: 'unheard of' } })).toBe(
      "BAD_USER_INPUT site: Site not found: name='unheard of'.",
    );
    expect(await refused({ ...json(), baseNetworks: ['10.0.0.1/8'] })).toBe(
      'BAD_USER_INPUT baseNetworks.0: 10.0.0.1/8 has host bits set',
    );
    expect(await refused({ ...json(), baseNetworks: ['10.0.0.0/8'] })).toMatch(/^BAD_USER_INPUT site: Give a site/);
    expect(await refused({ format: 'JSON', text: '{' })).toBe(
      'BAD_USER_INPUT text: The text is not JSON: line 1, column 2 cannot be read.',
    );
    expect(await refused({ format: 'CSV', text: 'colour\nred\n' })).toMatch(
      /^BAD_USER_INPUT text: The text has an unknown column 1/,
    );
    expect(await refused({ format: 'XML' as never })).toMatch(/^BAD_USER_INPUT format/);
  });

  test('a mark of byte order is no part of the text', async () => {
    const site = await net.site();
    const { counts } = await run({
      format: 'JSON',
      text: '\uFEFF[{"kind":"device","hostname":"r1"}]',
      site: { id: site.id },
    });
    expect(counts).toEqual(['device: created 1']);
  });

  test('of single rows fails those, with the field', async () => {
    const { notes } = await run({
      ...json(
        { kind: 'site', name: ' ' },
        { kind: 'device', site: 'S', hostname: 'r1', rack: 7 },
        { kind: 'device', hostname: 'r1' },
        { kind: 'device', site: 'S', hostname: 'r1', attributes: { role: 'spine' } },
        { kind: 'network', site: 'S', cidr: '10.0.0.0/8', state: 'FREE' },
        { kind: 'network', site: 'S' },
        { hostname: 'nul \u0000 \ud800' },
      ),
    });
    expect(notes.map(({ row, kind, path, message }) => [row, kind, path.join('.'), message])).toEqual([
      [0, 'SITE', 'name', 'name may not be only blanks.'],
      [1, 'DEVICE', '', 'rack: a device has no such field.'],
      [2, 'DEVICE', 'site', 'site must be the name of a Site.'],
      [3, 'DEVICE', 'site', "Site not found: name='S'."],
      [4, 'NETWORK', 'state', 'state must be one of ALLOCATED, ASSIGNED, RESERVED, ORPHANED.'],
      [5, 'NETWORK', 'cidr', 'Invalid CIDR: None. Must be IPv4/IPv6 notation.'],
      [
        6,
        'UNKNOWN',
        'kind',
        'The row does not say its kind. Give one of site, attribute, protocolType, device, network, interface, circuit, protocol.',
      ],
    ]);
  });

  test('of any kind is kept and shown as something that can be', async () => {
    const { notes } = await run({ ...json({ kind: 'device', site: 'S', hostname: 'nul \u0000 \ud800' }) });
    expect(notes.map(({ ref }) => ref)).toEqual(['nul \uFFFD \uFFFD']);
  });
});

describe('rights', () => {
  test('are those of every row', async () => {
    const [mine, other] = [await net.site('mine'), await net.site('other')];
    const ctx = net.as(`network:write@site/${mine.id}`, `network:read@site/${other.id}`);
    const { state, notes } = await run(
      json(
        { kind: 'device', site: 'mine', hostname: 'r1' },
        { kind: 'device', site: 'other', hostname: 'r1' },
        { kind: 'network', site: 'other', cidr: '10.0.0.0/8' },
        { kind: 'site', name: 'made' },
        { kind: 'site', name: 'mine', description: 'mine' },
        { kind: 'device', site: 'made', hostname: 'r1' },
      ),
      ctx,
    );
    expect([state, brief(notes)]).toEqual([
      'REJECTED',
      [
        '1 FORBIDDEN Needs network:create.',
        '2 FORBIDDEN Needs network:create.',
        '3 FORBIDDEN Needs network:admin.',
        '4 FORBIDDEN Needs network:admin.',
        '5 DEPENDENCY_FAILED Its site made failed too.',
      ],
    ]);
  });

  test('to what lies in a network suffice inside it', async () => {
    const site = await net.site();
    const base = await createNetwork(net.all, { site: { id: site.id }, cidr: '10.0.0.0/8' });
    await updateNetwork(net.all, { by: { id: base.id }, state: 'ALLOCATED' });
    const ctx = net.as(`network:write@network/${base.id}`);
    const { counts, notes } = await run(
      { ...prefixes('10.1.0.0/16', '10.1.0.1', '11.0.0.0/8'), site: { id: site.id }, onError: 'SKIP_ROW' },
      ctx,
    );
    expect(counts).toEqual(['network: created 2 failed 1']);
    expect(brief(notes)).toEqual([`3 BAD_USER_INPUT Site not found: name='${site.name}'.`]);
  });

  test('hide what they do not reach: a site is as unknown as one that does not exist', async () => {
    const hidden = await net.site('hidden');
    await createDevice(net.all, { site: { id: hidden.id }, hostname: 'r1' });
    const ctx = net.as(`network:write@site/${(await net.site()).id}`);
    const rows = (site: string) => [
      { kind: 'device', site, hostname: 'r1' },
      { kind: 'device', site, hostname: 'r2' },
      { kind: 'network', site, cidr: '10.0.0.0/8' },
      { kind: 'site', name: site },
    ];
    const messages = async (site: string) =>
      (await run({ ...json(...rows(site).slice(0, 3)), onError: 'SKIP_ROW' }, ctx)).notes.map(({ message }) =>
        message.replace(site, '…'),
      );
    expect(await messages('hidden')).toEqual(await messages('missing'));
    const created = async (site: string) =>
      (await run({ ...json(rows(site)[3] as Row) }, ctx)).notes.map(({ message }) => message);
    expect(await created('hidden')).toEqual(await created('missing'));
  });

  test('are needed somewhere, or nothing is read at all', async () => {
    await expect(importInventory(net.anonymous, prefixes('10.0.0.0/8'))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(importInventory(net.as('network:read'), prefixes('10.0.0.0/8'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('on new sites go to who made them', async () => {
    const ctx = net.as('network:admin');
    await run(json({ kind: 'site', name: 'given' }), ctx);
    const site = await findSite(net.all, { name: 'given' });
    expect(net.given).toContainEqual({ account: ctx.viewer.id, permission: `network:admin@site/${site?.id}` });
  });
});

describe('cost', () => {
  test('is the same number of statements for ten rows and for a thousand', async () => {
    const statements = async (count: number) => {
      const site = await net.site();
      const rows = Array.from({ length: count }, (_, index) => [
        { kind: 'device', hostname: `r${index}` },
        { kind: 'network', cidr: `10.${index >> 8}.${index & 255}.0/24` },
      ]);
      return net.statements(() => run({ ...json(...rows.flat()), site: { id: site.id } }));
    };
    expect(await statements(500)).toBe(await statements(5));
  });

  test('keeps no more outcomes of rows than the config says', async () => {
    const small = await openNetwork('memory', { network: { import: { keepOutcomes: 2, maxRows: 5, maxBytes: 100 } } });
    const site = await small.site();
    const input = { ...prefixes('1', '2', '3', '4'), site: { id: site.id } };
    const error = await importInventory(small.all, input).catch((e) => e);
    const [ended] = await findImports(small.all, [error.importId]);
    expect(ended?.counts[0]?.failed).toBe(4);
    expect((await listNotes(small.gateway.context(), ended as never, {}, wholePage)).items).toHaveLength(2);
    await expect(
      importInventory(small.all, { ...prefixes('1', '2', '3', '4', '5', '6'), site: { id: site.id } }),
    ).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await expect(
      importInventory(small.all, { ...prefixes('#'.repeat(101)), site: { id: site.id } }),
    ).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await small.gateway.dispose();
  });
});
