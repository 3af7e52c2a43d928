import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { listAttributes } from '#resolvers/network/attributes/find.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { findCircuit, listCircuits } from '#resolvers/network/circuits/find.ts';
import { findDevice } from '#resolvers/network/devices/find.ts';
import { findInterface } from '#resolvers/network/interfaces/find.ts';
import type { InterfaceSnapshot } from '#resolvers/network/interfaces/interface.ts';
import { listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { findProtocolType } from '#resolvers/network/protocol-types/find.ts';
import { revealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { listProtocols } from '#resolvers/network/protocols/find.ts';
import { findSite } from '#resolvers/network/sites/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { brief, csv, json, type Row, runImport } from '../../support/imports.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

/** One of everything, and what it needs. */
const everything = (site: string): Row[] => [
  { kind: 'site', name: site },
  { kind: 'attribute', site, resource: 'DEVICE', name: 'role' },
  { kind: 'attribute', site, resource: 'INTERFACE', name: 'vlans', multi: true },
  { kind: 'attribute', site, resource: 'CIRCUIT', name: 'cid', required: true, constraints: { pattern: 'C[0-9]+' } },
  { kind: 'attribute', site, resource: 'PROTOCOL', name: 'peer_as' },
  { kind: 'protocolType', site, name: 'bgp', description: 'Border', requiredAttributes: ['peer_as'] },
  { kind: 'device', site, hostname: 'r1', attributes: { role: 'spine' } },
  { kind: 'device', site, hostname: 'r2' },
  { kind: 'network', site, cidr: '10.0.0.0/8' },
  { kind: 'network', site, cidr: '10.1.1.0/31', state: 'RESERVED' },
  { kind: 'network', site, cidr: '10.1.1.0' },
  { kind: 'interface', site, device: 'r1', name: 'ae0', type: 161, speed: 40000, addresses: ['10.1.1.0'] },
  { kind: 'interface', site, device: 'r1', name: 'ae0.7', parent: 'r1:ae0', attributes: { vlans: ['7', '8'] } },
  { kind: 'interface', site, device: 'r1', name: 'xe-0/0/0', parent: 'r1:ae0.7', speed: null, macAddress: null },
  { kind: 'interface', site, device: 'r2', name: 'ae0', macAddress: '122191241314', addresses: ['10.1.1.1/32'] },
  { kind: 'circuit', site, endpointA: 'r1:ae0', endpointZ: 'r2:ae0', attributes: { cid: 'C1' } },
  { kind: 'circuit', site, endpointA: 'r1:xe-0/0/0', name: 'dark/fibre', attributes: { cid: 'C2' } },
  {
    kind: 'protocol',
    site,
    type: 'bgp',
    device: 'r1',
    interface: 'r1:ae0',
    circuit: 'r1:ae0_r2:ae0',
    authString: 's3cret',
    attributes: { peer_as: '64512' },
  },
];

const counts = [
  'site: created 1',
  'attribute: created 4',
  'protocol_type: created 1',
  'device: created 2',
  'network: created 3',
  'interface: created 4',
  'circuit: created 2',
  'protocol: created 1',
];

const siteNamed = async (name: string): Promise<Site> => (await findSite(net.all, { name })) as Site;

/** The state of a Site as its own history tells it: the last snapshot of each thing, without ids. */
async function stateOf(name: string): Promise<string[]> {
  const events = await net.events(await siteNamed(name));
  const last = new Map(events.map(({ subject, after }) => [subject, after]));
  return [...last.values()]
    .map((after) => {
      const { id, siteId, deviceId, parentId, ...rest } = after as Row;
      return JSON.stringify(rest);
    })
    .toSorted();
}

describe('rows of every kind', () => {
  test('make what they say, with the events of single calls', async () => {
    const { state, counts: counted, notes } = await runImport(net, json(...everything('all')));
    expect([state, notes, counted]).toEqual(['COMPLETED', [], counts]);
    const site = { name: 'all' };
    const by = (nameSlug: string) => findInterface(net.all, { site, by: { nameSlug } });
    const [ae0, sub, xe, far] = await Promise.all(['r1:ae0', 'r1:ae0.7', 'r1:xe-0/0/0', 'r2:ae0'].map(by));
    expect(ae0).toMatchObject({ type: 161, speed: 40000, macAddress: '00:00:00:00:00:00', parentId: null });
    expect([sub?.parentId, xe?.parentId, xe?.speed, xe?.macAddress]).toEqual([ae0?.id, sub?.id, null, null]);
    expect([far?.macAddress, far?.speed, far?.type]).toEqual(['00:1C:73:2A:60:62', 1000, 6]);
    expect(await attributesOf(net.all, [sub?.id ?? ''])).toEqual([{ vlans: ['7', '8'] }]);
    const states = await Promise.all(
      ['10.1.1.0/32', '10.1.1.1/32'].map(async (cidr) => (await findNetwork(net.all, { site, by: { cidr } }))?.state),
    );
    expect(states).toEqual(['ASSIGNED', 'ASSIGNED']);
    const circuit = await findCircuit(net.all, { site, by: { nameSlug: 'r1:ae0_r2:ae0' } });
    expect([circuit?.endpointA.interfaceId, circuit?.endpointZ?.interfaceId]).toEqual([ae0?.id, far?.id]);
    const dark = await findCircuit(net.all, { site, by: { nameSlug: 'dark_fibre' } });
    expect([dark?.name, dark?.endpointA.interfaceId, dark?.endpointZ]).toEqual(['dark/fibre', xe?.id, null]);
    const type = await findProtocolType(net.all, { site, by: { name: 'bgp' } });
    expect([type?.description, type?.requiredAttributeIds.length]).toEqual(['Border', 1]);
    const [protocol] = (await listProtocols(net.all, { site }, wholePage)).items.map(({ node }) => node);
    expect(protocol).toMatchObject({ typeId: type?.id, interfaceId: ae0?.id, circuitId: circuit?.id });
    const revealed = await revealAuthString(net.all, { by: { id: protocol?.id ?? '' } });
    expect(revealed.authString).toBe('s3cret');
    const [definition] = (await listAttributes(net.all, { site, filter: { name: 'cid' } }, wholePage)).items;
    expect(definition?.node).toMatchObject({ required: true, display: true, constraints: { pattern: 'C[0-9]+' } });
    const events = await net.events(await siteNamed('all'));
    expect(events.map(({ name }) => name.slice('network.'.length))).toEqual([
      'site.created',
      ...Array(4).fill('attribute.created'),
      'protocolType.created',
      ...Array(2).fill('device.created'),
      ...Array(3).fill('network.created'),
      'network.created',
      'network.updated',
      ...Array(4).fill('interface.created'),
      ...Array(2).fill('circuit.created'),
      'protocol.created',
      'protocol.authStringRevealed',
    ]);
    const made = events.filter(({ name }) => name === 'network.interface.created');
    expect(made.map(({ after }) => (after as InterfaceSnapshot).nameSlug)).toEqual([
      'r1:ae0',
      'r1:ae0.7',
      'r1:xe-0/0/0',
      'r2:ae0',
    ]);
    expect(made[0]?.after).toMatchObject({ addresses: ['10.1.1.0/32'], networks: ['10.1.1.0/31'], parent: null });
    expect(made[2]?.after).toMatchObject({ parent: 'r1:ae0.7', addresses: [], networks: [] });
  });

  test('are all unchanged the second time, with no event', async () => {
    const rows = everything('again');
    await runImport(net, json(...rows));
    const before = await net.events(await siteNamed('again'));
    const { state, counts: counted, notes } = await runImport(net, json(...rows));
    expect([state, notes]).toEqual(['COMPLETED', []]);
    expect(counted).toEqual(counts.map((text) => text.replace('created', 'unchanged')));
    expect(await net.events(await siteNamed('again'))).toHaveLength(before.length);
  });

  test('come to the same whatever their order, and a dry run says so before', async () => {
    await runImport(net, json(...everything('order 0')));
    const expected = (await stateOf('order 0')).map((text) => text.replaceAll('order 0', 'order'));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.constant(null), fc.infiniteStream(fc.nat()), async (_, keys) => {
        run += 1;
        const rows = everything(`order ${run}`)
          .map((row) => ({ row, key: keys.next().value }))
          .toSorted((one, other) => Number(one.key) - Number(other.key))
          .map(({ row }) => row);
        const dry = await runImport(net, { ...json(...rows), dryRun: true });
        expect(await findSite(net.all, { name: `order ${run}` })).toBe(null);
        const real = await runImport(net, json(...rows));
        expect([dry.counts, dry.notes]).toEqual([counts, []]);
        expect([real.counts, real.notes]).toEqual([counts, []]);
        expect((await stateOf(`order ${run}`)).map((text) => text.replaceAll(`order ${run}`, 'order'))).toEqual(
          expected,
        );
      }),
      { numRuns: 6 },
    );
  });

  test('may come as a table, whose columns mean what the kind of the row says', async () => {
    const {
      state,
      counts: counted,
      notes,
    } = await runImport(
      net,
      csv(
        'kind,site,name,hostname,device,type,speed,parent,addresses,requiredAttributes,resource,multi,constraints.validValues,required,endpointA,endpointZ,interface,authString,cidr,attributes.vlans,attributes.peer_as,macAddress,constraints.allowEmpty',
        'site,,table,,,,,,,,,,,,,,,,,,,,',
        'attribute,table,vlans,,,,,,,,INTERFACE,true,7|8|a\\|b,,,,,,,,,,',
        'attribute,table,peer_as,,,,,,,,PROTOCOL,,,false,,,,,,,,,true',
        'protocolType,table,bgp,,,,,,,peer_as,,,,,,,,,,,,,',
        'device,table,,r1,,,,,,,,,,,,,,,,,,,',
        'network,table,,,,,,,,,,,,,,,,,10.0.0.0/24,,,,',
        'interface,table,ae0,,r1,161,100000,,10.0.0.1|10.0.0.2,,,,,,,,,,,7,,122191241314,',
        'interface,table,"ae0,1",,r1,,,r1:ae0,,,,,,,,,,,,7|a\\|b,,,',
        'circuit,table,"a ""dark"" one",,,,,,,,,,,,r1:ae0,"r1:ae0,1",,,,,,,',
        'protocol,table,,,r1,bgp,,,,,,,,,,,r1:ae0,"to""p",,,64512,,',
      ),
    );
    expect([state, notes]).toEqual(['COMPLETED', []]);
    expect(counted).toContain('interface: created 2');
    const site = { name: 'table' };
    const ae0 = await findInterface(net.all, { site, by: { nameSlug: 'r1:ae0' } });
    const sub = await findInterface(net.all, { site, by: { nameSlug: 'r1:ae0,1' } });
    expect(ae0).toMatchObject({ type: 161, speed: 100000, macAddress: '00:1C:73:2A:60:62' });
    expect(await attributesOf(net.all, [ae0?.id ?? '', sub?.id ?? ''])).toEqual([
      { vlans: ['7'] },
      { vlans: ['7', 'a|b'] },
    ]);
    expect(await findCircuit(net.all, { site, by: { nameSlug: 'a "dark" one' } })).toMatchObject({
      endpointZ: { interfaceId: sub?.id },
    });
    const [protocol] = (await listProtocols(net.all, { site }, wholePage)).items.map(({ node }) => node);
    expect((await revealAuthString(net.all, { by: { id: protocol?.id ?? '' } })).authString).toBe('to"p');
  });
});

describe('the same file', () => {
  test('imported by several at the same time makes everything once', async () => {
    const rows = json(...everything('crowd'));
    const runs = await Promise.all(Array.from({ length: 3 }, () => runImport(net, rows)));
    expect(runs.map(({ state, notes }) => [state, notes])).toEqual(Array(3).fill(['COMPLETED', []]));
    const made = runs.flatMap(({ ended }) => ended.counts.map(({ created }) => created));
    expect(made.reduce((sum, created) => sum + created, 0)).toBe(everything('crowd').length);
    const events = await net.events(await siteNamed('crowd'));
    expect(events.filter(({ name }) => name === 'network.interface.created')).toHaveLength(4);
    expect(events.filter(({ name }) => name === 'network.protocol.created')).toHaveLength(1);
  });

  test('comes to the same in memory', async () => {
    const memory = await openNetwork('memory');
    const rows = json(...everything('memory'));
    const dry = await runImport(memory, { ...rows, dryRun: true });
    const made = await runImport(memory, rows);
    const again = await runImport(memory, rows);
    expect([dry.counts, made.counts, made.notes]).toEqual([counts, counts, []]);
    expect(again.counts).toEqual(counts.map((text) => text.replace('created', 'unchanged')));
    await memory.gateway.dispose();
  });
});

describe('what exists', () => {
  test('gets what a row gives and keeps the rest', async () => {
    await runImport(net, json(...everything('update')));
    const site = 'update';
    const { counts: counted, notes } = await runImport(
      net,
      json(
        { kind: 'attribute', site, resource: 'CIRCUIT', name: 'cid', description: 'its number' },
        { kind: 'protocolType', site, name: 'bgp', requiredAttributes: [] },
        { kind: 'interface', site, device: 'r1', name: 'ae0', description: 'up', addresses: ['10.1.1.9'] },
        { kind: 'interface', site, device: 'r1', name: 'ae0.7', parent: null, attributes: { vlans: ['9'] } },
        { kind: 'circuit', site, name: 'dark/fibre', endpointA: 'r1:xe-0/0/0', endpointZ: 'r1:ae0.7' },
        { kind: 'circuit', site, endpointA: 'r1:ae0' },
        {
          kind: 'protocol',
          site,
          type: 'bgp',
          device: 'r1',
          interface: 'r1:ae0',
          circuit: 'r1:ae0_r2:ae0',
          authString: 'x',
        },
      ),
    );
    expect(notes).toEqual([]);
    expect(counted).toEqual([
      'attribute: updated 1',
      'protocol_type: updated 1',
      'interface: updated 2',
      'circuit: updated 1 unchanged 1',
      'protocol: updated 1',
    ]);
    const [definition] = (await listAttributes(net.all, { site: { name: site }, filter: { name: 'cid' } }, wholePage))
      .items;
    expect(definition?.node).toMatchObject({ description: 'its number', required: true });
    const events = await net.events(await siteNamed(site));
    const ae0 = events.findLast(({ after }) => (after as InterfaceSnapshot | null)?.nameSlug === 'r1:ae0');
    expect(ae0?.before).toMatchObject({ description: '', addresses: ['10.1.1.0/32'] });
    expect(ae0?.after).toMatchObject({
      description: 'up',
      speed: 40000,
      type: 161,
      addresses: ['10.1.1.0/32', '10.1.1.9/32'],
      networks: ['10.0.0.0/8', '10.1.1.0/31'],
    });
    const sub = await findInterface(net.all, { site: { name: site }, by: { nameSlug: 'r1:ae0.7' } });
    expect([sub?.parentId, await attributesOf(net.all, [sub?.id ?? ''])]).toEqual([null, [{ vlans: ['9'] }]]);
    const protocol = events.findLast(({ name }) => name === 'network.protocol.updated');
    expect([protocol?.before, protocol?.after]).toMatchObject([{ authStringRevision: 1 }, { authStringRevision: 2 }]);
  });

  test('is kept, or makes the row fail, when the import is told so', async () => {
    await runImport(net, json(...everything('keep')));
    const site = 'keep';
    const rows = json(
      { kind: 'attribute', site, resource: 'DEVICE', name: 'role', description: 'x' },
      { kind: 'protocolType', site, name: 'bgp' },
      { kind: 'interface', site, device: 'r1', name: 'ae0', speed: 1 },
      { kind: 'circuit', site, name: 'dark/fibre', endpointA: 'r1:xe-0/0/0', attributes: { cid: 'C3' } },
      {
        kind: 'protocol',
        site,
        type: 'bgp',
        device: 'r1',
        interface: 'r1:ae0',
        circuit: 'r1:ae0_r2:ae0',
        authString: 'x',
      },
    );
    const before = await net.events(await siteNamed(site));
    const kept = await runImport(net, { ...rows, onExisting: 'KEEP' });
    expect(kept.counts).toEqual([
      'attribute: skipped 1',
      'protocol_type: unchanged 1',
      'interface: skipped 1',
      'circuit: skipped 1',
      'protocol: skipped 1',
    ]);
    const refused = await runImport(net, { ...rows, onExisting: 'FAIL' });
    expect(refused.state).toBe('REJECTED');
    expect(brief(refused.notes)).toEqual([
      '0 CONFLICT Attribute role for DEVICE already exists in this site.',
      '1 CONFLICT bgp already exists in this site.',
      '2 CONFLICT ae0 already exists on this device.',
      '3 CONFLICT dark/fibre already exists in this site.',
      '4 DEPENDENCY_FAILED Its type failed too.',
    ]);
    expect(await net.events(await siteNamed(site))).toHaveLength(before.length);
  });

  test('keeps its addresses, and the state of an assigned one is never lowered', async () => {
    await runImport(net, json(...everything('state')));
    const before = await net.events(await siteNamed('state'));
    const { counts: counted } = await runImport(
      net,
      json(
        { kind: 'network', site: 'state', cidr: '10.1.1.0', state: 'ALLOCATED' },
        { kind: 'interface', site: 'state', device: 'r1', name: 'ae0', addresses: [] },
      ),
    );
    expect(counted).toEqual(['network: unchanged 1', 'interface: unchanged 1']);
    expect(await net.events(await siteNamed('state'))).toHaveLength(before.length);
  });
});

describe('rows that cannot be', () => {
  const base = (site: string) => [
    { kind: 'site', name: site },
    { kind: 'attribute', site, resource: 'PROTOCOL', name: 'peer_as' },
    { kind: 'protocolType', site, name: 'bgp', requiredAttributes: ['peer_as'] },
    { kind: 'device', site, hostname: 'r1' },
    { kind: 'device', site, hostname: 'r2' },
    { kind: 'network', site, cidr: '10.0.0.0/24' },
    { kind: 'network', site, cidr: '10.0.0.9', state: 'RESERVED' },
    { kind: 'interface', site, device: 'r1', name: 'eth0', addresses: ['10.0.0.1'] },
    { kind: 'interface', site, device: 'r2', name: 'eth0' },
  ];

  test('fail alone, each with its field, and so does what needs them', async () => {
    const site = 'bad rows';
    const rows: Row[] = [
      ...base(site),
      { kind: 'interface', site, device: 'r1', name: 'loop1', parent: 'r1:loop2' },
      { kind: 'interface', site, device: 'r1', name: 'loop2', parent: 'r1:loop1' },
      { kind: 'interface', site, device: 'r1', name: 'below', parent: 'r1:loop1' },
      { kind: 'interface', site, device: 'r1', name: 'far', parent: 'r2:eth0' },
      { kind: 'interface', site, device: 'r1', name: 'lost', parent: 'r1:none' },
      { kind: 'interface', site, device: 'gone', name: 'eth0' },
      { kind: 'interface', site, device: 'r1', name: 'twice', addresses: ['10.0.0.1'] },
      { kind: 'interface', site, device: 'r2', name: 'reserved', addresses: ['10.0.0.9'] },
      { kind: 'interface', site, device: 'r2', name: 'baseless', addresses: ['11.0.0.1'] },
      { kind: 'interface', site, device: 'r2', name: 'subnet', addresses: ['10.0.0.0/25'] },
      { kind: 'interface', site, device: 'r2', name: 'fast', speed: 10.5 },
      { kind: 'interface', site, device: 'r2', name: 'made up', attributes: { nope: 'x' } },
      { kind: 'circuit', site, endpointA: 'r1:eth0', endpointZ: 'r1:eth0' },
      { kind: 'circuit', site, name: 'one', endpointA: 'r1:eth0' },
      { kind: 'circuit', site, name: 'other', endpointA: 'r2:eth0', endpointZ: 'r1:eth0' },
      { kind: 'circuit', site, name: 'needs', endpointA: 'r1:below' },
      { kind: 'protocol', site, type: 'bgp', device: 'r1' },
      { kind: 'protocol', site, type: 'bgp', device: 'r1', interface: 'r2:eth0', attributes: { peer_as: '1' } },
      { kind: 'protocol', site, type: 'isis', device: 'r1' },
      { kind: 'protocol', site, type: 'bgp', device: 'r1', circuit: 'one', attributes: { peer_as: '1' } },
      { kind: 'protocolType', site, name: 'ospf', requiredAttributes: ['area'] },
      { kind: 'attribute', site, resource: 'SITE', name: 'x' },
    ];
    const found = await runImport(net, { ...json(...rows), onError: 'SKIP_ROW' });
    const first = base(site).length;
    expect(
      found.notes.map(({ row, code, message, path }) => [Number(row) - first, code, message, path.join('.')]),
    ).toEqual([
      [
        -2,
        'CONFLICT',
        'The rows of eth0 and twice both ask for 10.0.0.1/32: it is at most once on a device.',
        'addresses',
      ],
      [0, 'BAD_USER_INPUT', 'An interface may hang neither below itself nor below what hangs below it.', 'parent'],
      [1, 'BAD_USER_INPUT', 'An interface may hang neither below itself nor below what hangs below it.', 'parent'],
      [2, 'DEPENDENCY_FAILED', 'Its parent failed too.', 'parent'],
      [
        3,
        'BAD_USER_INPUT',
        'The parent of an interface must be on the same device: give its slug, such as r1:ae0.',
        'parent',
      ],
      [4, 'BAD_USER_INPUT', "NetworkInterface not found: nameSlug='r1:none'.", 'parent'],
      [5, 'BAD_USER_INPUT', "Device not found: hostname='gone'.", 'device'],
      [
        6,
        'CONFLICT',
        'The rows of eth0 and twice both ask for 10.0.0.1/32: it is at most once on a device.',
        'addresses',
      ],
      [7, 'CONFLICT', '10.0.0.9/32 is RESERVED. Use force to assign it all the same.', 'addresses'],
      [8, 'BAD_USER_INPUT', 'IP Address needs base network.', 'addresses'],
      [9, 'BAD_USER_INPUT', "'10.0.0.0/25' is not a valid host address!", 'addresses.0'],
      [10, 'BAD_USER_INPUT', 'speed must be a whole number.', 'speed'],
      [11, 'BAD_USER_INPUT', 'Attribute name (nope) does not exist.', 'attributes.nope'],
      [12, 'DEPENDENCY_FAILED', 'Its endpointA failed too.', 'endpointA'],
      [13, 'DEPENDENCY_FAILED', 'Its endpointA failed too.', 'endpointA'],
      [14, 'DEPENDENCY_FAILED', 'Its endpointZ failed too.', 'endpointZ'],
      [15, 'DEPENDENCY_FAILED', 'Its endpointA failed too.', 'endpointA'],
      [16, 'BAD_USER_INPUT', 'Missing required attributes: peer_as', 'attributes'],
      [17, 'BAD_USER_INPUT', 'The interface is not on the device.', 'interface'],
      [18, 'BAD_USER_INPUT', "ProtocolType not found: name='isis'.", 'type'],
      [19, 'DEPENDENCY_FAILED', 'Its circuit failed too.', 'circuit'],
      [20, 'BAD_USER_INPUT', "Attribute not found: name='PROTOCOL area'.", 'requiredAttributes'],
      [21, 'BAD_USER_INPUT', 'resource must be one of DEVICE, NETWORK, INTERFACE, CIRCUIT, PROTOCOL.', 'resource'],
    ]);
    const names = (await listInterfaces(net.all, { site: { name: site } }, wholePage)).items.map(
      ({ node }) => node.name,
    );
    expect(names).toEqual(['eth0']);
    expect((await listCircuits(net.all, { site: { name: site } }, wholePage)).items).toEqual([]);
  });

  test('fail where an interface would hang below more than 128 others', async () => {
    const site = 'deep rows';
    const chain = Array.from({ length: 131 }, (_, n) => ({
      kind: 'interface',
      site,
      device: 'r1',
      name: `u${n}`,
      ...(n > 0 && { parent: `r1:u${n - 1}` }),
    })).reverse();
    const rows = json({ kind: 'site', name: site }, { kind: 'device', site, hostname: 'r1' }, ...chain);
    const { notes, counts } = await runImport(net, { ...rows, onError: 'SKIP_ROW' });
    expect(brief(notes)).toEqual([
      '2 BAD_USER_INPUT An interface may hang below 128 others at most.',
      '3 BAD_USER_INPUT An interface may hang below 128 others at most.',
    ]);
    expect(counts).toContain('interface: created 129 failed 2');
  });

  test('fail with those whose own content is refused, though these are not there to be found', async () => {
    const site = 'lost rows';
    const rows: Row[] = [
      { kind: 'site', name: site },
      { kind: 'site', name: 'lost site', description: 5 },
      { kind: 'device', site: 'lost site', hostname: 'r1' },
      { kind: 'device', site, hostname: 'no_host' },
      { kind: 'device', site, hostname: 'r1' },
      { kind: 'interface', site, device: 'NO_HOST', name: 'eth0' },
      { kind: 'interface', site, device: 'r1', name: 'ae0', speed: 0.5 },
      { kind: 'interface', site, device: 'r1', name: 'ae0.1', parent: 'r1:ae0' },
      { kind: 'circuit', site, name: 'dark', endpointA: 'r1:ae0' },
      { kind: 'network', site, cidr: '10.0.0.0/8' },
      { kind: 'network', site, cidr: '10.0.0.1', state: 'TAKEN' },
      { kind: 'interface', site, device: 'r1', name: 'lo', addresses: ['10.0.0.1/32'] },
      { kind: 'protocolType', site, name: 'bgp', description: 1 },
      { kind: 'protocol', site, type: 'bgp', device: 'r1' },
    ];
    const { notes } = await runImport(net, { ...json(...rows), onError: 'SKIP_ROW' });
    expect(
      notes.flatMap(({ row, code, message }) => (code === 'DEPENDENCY_FAILED' ? [`${row} ${message}`] : [])),
    ).toEqual([
      '2 Its site lost site failed too.',
      '5 Its device failed too.',
      '7 Its parent failed too.',
      '8 Its endpointA failed too.',
      '11 Its addresses failed too.',
      '13 Its type failed too.',
    ]);
    expect(notes.map(({ row }) => row)).toEqual([1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]);
  });

  test('ask for one end of two circuits, or for one that is in use', async () => {
    const site = 'ends';
    await runImport(net, json(...base(site), { kind: 'circuit', site, name: 'old', endpointA: 'r1:eth0' }));
    const more = ['a', 'b'].map((name) => ({ kind: 'interface', site, device: 'r1', name }));
    const { notes } = await runImport(net, {
      ...json(
        ...more,
        { kind: 'circuit', site, name: 'new', endpointA: 'r2:eth0', endpointZ: 'r1:eth0' },
        { kind: 'circuit', site, name: 'x', endpointA: 'r1:a' },
        { kind: 'circuit', site, name: 'y', endpointA: 'r1:b', endpointZ: 'r1:a' },
        { kind: 'circuit', site, name: 'same', endpointA: 'r1:b', endpointZ: 'r1:b' },
      ),
      onError: 'SKIP_ROW',
    });
    expect(brief(notes)).toEqual([
      '2 CONFLICT Interface already used as an endpoint_a',
      '3 CONFLICT The circuits x and y are to have one interface as an end.',
      '4 CONFLICT The circuits x and y are to have one interface as an end.',
      '5 BAD_USER_INPUT A circuit cannot begin and end at one interface.',
    ]);
  });

  test('may ask for an end that its circuit gives up in the same file', async () => {
    const site = 'swap';
    const circuit = (name: string, end: string) => ({ kind: 'circuit', site, name, endpointA: end });
    await runImport(net, json(...base(site), circuit('one', 'r1:eth0'), circuit('other', 'r2:eth0')));
    const { counts: counted, notes } = await runImport(
      net,
      json(circuit('one', 'r2:eth0'), circuit('other', 'r1:eth0')),
    );
    expect([counted, notes]).toEqual([['circuit: updated 2'], []]);
  });

  test('may not take the end of a circuit from under a protocol', async () => {
    const site = 'stranded';
    await runImport(net, json(...everything(site)));
    const row = { kind: 'circuit', site, name: 'r1:ae0_r2:ae0', endpointA: 'r2:ae0', endpointZ: null };
    const { notes } = await runImport(net, json(row));
    expect(brief(notes)).toEqual(['0 IN_USE Cannot change the ends of circuit r1:ae0_r2:ae0: 1 object depends on it.']);
  });

  test('may narrow no attribute of which a thing carries several values, and may force a reserved address', async () => {
    const site = 'narrow';
    await runImport(net, json(...everything(site), { kind: 'network', site, cidr: '10.1.1.7', state: 'RESERVED' }));
    const { notes, counts: counted } = await runImport(net, {
      ...json(
        { kind: 'attribute', site, resource: 'INTERFACE', name: 'vlans', multi: false },
        { kind: 'interface', site, device: 'r2', name: 'ae0', addresses: ['10.1.1.7'], forceAddresses: true },
      ),
      onError: 'SKIP_ROW',
    });
    expect(brief(notes)).toEqual([
      '0 CONFLICT Attribute vlans must stay multi: something carries more than one value of it.',
    ]);
    expect(counted).toEqual(['attribute: failed 1', 'interface: updated 1']);
    expect((await findNetwork(net.all, { site: { name: site }, by: { cidr: '10.1.1.7' } }))?.state).toBe('ASSIGNED');
  });

  test('leave nothing behind when one of them fails', async () => {
    const site = 'atomic';
    await runImport(net, json(...everything(site)));
    const before = await net.events(await siteNamed(site));
    const failing = await runImport(
      net,
      json(
        { kind: 'interface', site, device: 'r2', name: 'new', addresses: ['10.1.1.5'], parent: 'r2:ae0' },
        { kind: 'attribute', site, resource: 'NETWORK', name: 'fresh' },
        { kind: 'circuit', site, endpointA: 'r2:new', attributes: { cid: 'wrong' } },
      ),
    );
    expect([failing.state, failing.counts]).toEqual([
      'REJECTED',
      ['attribute: skipped 1', 'interface: skipped 1', 'circuit: failed 1'],
    ]);
    expect(brief(failing.notes)).toEqual([
      "2 BAD_USER_INPUT Attribute value 'wrong' for 'cid' didn't match pattern 'C[0-9]+'",
    ]);
    expect(await net.events(await siteNamed(site))).toHaveLength(before.length);
    expect(await findNetwork(net.all, { site: { name: site }, by: { cidr: '10.1.1.5/32' } })).toBe(null);
    expect(await findInterface(net.all, { site: { name: site }, by: { nameSlug: 'r2:new' } })).toBe(null);
  });

  test('contradict each other about one thing, and both are named', async () => {
    const site = 'contradiction';
    await runImport(net, json(...base(site)));
    const { notes } = await runImport(
      net,
      json(
        { kind: 'interface', site, device: 'r1', name: 'x', speed: 1 },
        { kind: 'interface', site, device: 'R1', name: 'x', speed: 2 },
        { kind: 'circuit', site, name: 'c', endpointA: 'r1:eth0' },
        { kind: 'circuit', site, name: 'c', endpointA: 'r2:eth0' },
        { kind: 'protocol', site, type: 'bgp', device: 'r1', authString: 'first', attributes: { peer_as: '1' } },
        { kind: 'protocol', site, type: 'bgp', device: 'r1', authString: 'second' },
        { kind: 'attribute', site, resource: 'DEVICE', name: 'a', multi: true },
        { kind: 'attribute', site, resource: 'DEVICE', name: 'a', multi: false },
      ),
    );
    expect(brief(notes).filter((_, index) => index % 2 === 0)).toEqual([
      '0 CONTRADICTION device is not the same in row 0 (r1:x) and in row 1 (R1:x).',
      '2 CONTRADICTION endpointA is not the same in row 2 (c) and in row 3 (c).',
      '4 CONTRADICTION authString is not the same in row 4 (bgp on r1) and in row 5 (bgp on r1).',
      '6 CONTRADICTION multi is not the same in row 6 (DEVICE a) and in row 7 (DEVICE a).',
    ]);
    expect(JSON.stringify(notes)).not.toMatch(/first|second/);
  });
});

describe('protocols', () => {
  test('are told apart by their description', async () => {
    const site = 'sessions';
    const session = (rest: Row) => ({ kind: 'protocol', site, type: 'bgp', device: 'r1', ...rest });
    await runImport(
      net,
      json(
        { kind: 'site', name: site },
        { kind: 'attribute', site, resource: 'PROTOCOL', name: 'peer_as' },
        { kind: 'protocolType', site, name: 'bgp' },
        { kind: 'device', site, hostname: 'r1' },
        session({ description: 'to A', attributes: { peer_as: '1' } }),
        session({ description: 'to B', attributes: { peer_as: '2' } }),
      ),
    );
    const { counts: counted } = await runImport(
      net,
      json(session({ description: 'to B', attributes: { peer_as: '3' } })),
    );
    expect(counted).toEqual(['protocol: updated 1']);
    const unclear = await runImport(net, json(session({ attributes: { peer_as: '4' } })));
    expect(brief(unclear.notes)).toEqual([
      "0 AMBIGUOUS Multiple protocols matched type='bgp', device='r1'. Describe them in different ways.",
    ]);
    // What a row with a description means is not what the one without could mean.
    const left = await runImport(
      net,
      json(session({ description: 'to B' }), session({ attributes: { peer_as: '5' } })),
    );
    expect([left.counts, left.notes]).toEqual([['protocol: updated 1 unchanged 1'], []]);
    const all = (await listProtocols(net.all, { site: { name: site } }, wholePage)).items.map(({ node }) => node);
    const carried = await attributesOf(
      net.all,
      all.map(({ id }) => id),
    );
    expect(all.map(({ description }, index) => [description, carried[index]])).toEqual([
      ['to A', { peer_as: '5' }],
      ['to B', { peer_as: '3' }],
    ]);
  });

  test('keep their secret to themselves', async () => {
    const rows = everything('secret');
    const { ended } = await runImport(net, json(...rows));
    const events = await net.events(await siteNamed('secret'));
    expect(JSON.stringify([events, ended])).not.toContain('s3cret');
    const table = csv('kind,site,type,device,authString', 'protocol,secret,bgp,r1,hid"den');
    await expect(runImport(net, table)).rejects.toThrow(
      new InputError([
        {
          path: ['text'],
          message: 'The text is not CSV: a quote stands within a cell that does not begin with one at line 2.',
        },
      ]),
    );
  });
});

describe('rights', () => {
  test('are those of each row', async () => {
    const site = 'rights';
    await runImport(net, json(...everything(site)));
    const { id } = await siteNamed(site);
    const device = await findDevice(net.all, { site: { name: site }, by: { hostname: 'r2' } });
    const somebody = net.as(`network:read@site/${id}`, `network:write@device/${device?.id}`);
    const { notes, counts: counted } = await runImport(
      net,
      {
        ...json(
          { kind: 'attribute', site, resource: 'DEVICE', name: 'fresh' },
          { kind: 'protocolType', site, name: 'ospf' },
          { kind: 'interface', site, device: 'r2', name: 'mine' },
          { kind: 'interface', site, device: 'r2', name: 'addressed', addresses: ['10.1.1.7'] },
          { kind: 'interface', site, device: 'r1', name: 'theirs' },
          { kind: 'interface', site, device: 'r1', name: 'ae0', speed: 1 },
          { kind: 'circuit', site, endpointA: 'r2:mine', attributes: { cid: 'C9' } },
          { kind: 'circuit', site, name: 'dark/fibre', endpointA: 'r1:xe-0/0/0', attributes: { cid: 'C9' } },
          { kind: 'protocol', site, type: 'bgp', device: 'r2', attributes: { peer_as: '1' } },
          { kind: 'protocol', site, type: 'bgp', device: 'r1', attributes: { peer_as: '1' } },
        ),
        onError: 'SKIP_ROW',
      },
      somebody,
    );
    expect(brief(notes)).toEqual([
      '0 FORBIDDEN Needs network:admin.',
      '1 FORBIDDEN Needs network:admin.',
      '3 FORBIDDEN Needs network:create.',
      '4 FORBIDDEN Needs network:create.',
      '5 FORBIDDEN Needs network:update.',
      '7 FORBIDDEN Needs network:update.',
      '9 FORBIDDEN Needs network:create.',
    ]);
    expect(counted).toEqual([
      'attribute: failed 1',
      'protocol_type: failed 1',
      'interface: created 1 failed 3',
      'circuit: created 1 failed 1',
      'protocol: created 1 failed 1',
    ]);
  });

  test('do not tell what the viewer may not read', async () => {
    await runImport(net, json(...everything('hidden')));
    const other = await net.site();
    const stranger = net.as(`network:admin@site/${other.id}`);
    const { notes } = await runImport(
      net,
      json(
        { kind: 'interface', site: 'hidden', device: 'r1', name: 'ae0' },
        { kind: 'circuit', site: 'hidden', endpointA: 'r2:ae0' },
        { kind: 'protocolType', site: 'hidden', name: 'bgp' },
        { kind: 'attribute', site: 'hidden', resource: 'DEVICE', name: 'role' },
        { kind: 'attribute', site: 'none', resource: 'DEVICE', name: 'role' },
      ),
      stranger,
    );
    expect(brief(notes)).toEqual([
      "0 BAD_USER_INPUT Site not found: name='hidden'.",
      "1 BAD_USER_INPUT Site not found: name='hidden'.",
      "2 BAD_USER_INPUT Site not found: name='hidden'.",
      "3 BAD_USER_INPUT Site not found: name='hidden'.",
      "4 BAD_USER_INPUT Site not found: name='none'.",
    ]);
  });
});

describe('cost', () => {
  const many = (site: string, size: number): Row[] =>
    Array.from({ length: size }).flatMap((_, index) => [
      { kind: 'device', site, hostname: `h${index}` },
      { kind: 'interface', site, device: `h${index}`, name: 'a', addresses: [`10.0.${index}.1`] },
      {
        kind: 'interface',
        site,
        device: `h${index}`,
        name: 'b',
        parent: `h${index}:a`,
        attributes: { tag: `${index}` },
      },
      { kind: 'circuit', site, endpointA: `h${index}:b` },
      { kind: 'protocol', site, type: 'bgp', device: `h${index}`, interface: `h${index}:a`, authString: 'x' },
    ]);
  const base = (site: string): Row[] => [
    { kind: 'site', name: site },
    { kind: 'attribute', site, resource: 'INTERFACE', name: 'tag' },
    { kind: 'protocolType', site, name: 'bgp' },
    { kind: 'network', site, cidr: '10.0.0.0/8' },
  ];

  test('does not grow with the rows in statements, neither to make nor to change them', async () => {
    const cost = async (site: string, size: number) => {
      await runImport(net, json(...base(site)));
      const rows = many(site, size);
      const made = await net.statements(() => runImport(net, json(...rows)));
      const same = await net.statements(() => runImport(net, json(...rows)));
      const touched = rows.map((row) =>
        row.kind === 'interface'
          ? { ...row, description: 'x' }
          : row.kind === 'protocol'
            ? { ...row, authString: 'y' }
            : row,
      );
      const changed = await net.statements(() => runImport(net, json(...touched)));
      return { made, same, changed };
    };
    expect(await cost('cost 40', 40)).toEqual(await cost('cost 2', 2));
  });
});
