/** A small random inventory with every noun, described so plainly that a test can say who may see what of it. */
import fc from 'fast-check';
import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createAttributes } from '#resolvers/network/attributes/create.ts';
import { updateAttributes } from '#resolvers/network/attributes/update.ts';
import { createCircuits } from '#resolvers/network/circuits/create.ts';
import { updateCircuits } from '#resolvers/network/circuits/update.ts';
import { createDevices } from '#resolvers/network/devices/create.ts';
import { updateDevices } from '#resolvers/network/devices/update.ts';
import { createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { updateInterfaces } from '#resolvers/network/interfaces/update.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { updateNetworks } from '#resolvers/network/networks/update.ts';
import { createProtocolTypes } from '#resolvers/network/protocol-types/create.ts';
import { updateProtocolType } from '#resolvers/network/protocol-types/update.ts';
import { createProtocols } from '#resolvers/network/protocols/create.ts';
import { updateProtocols } from '#resolvers/network/protocols/update.ts';
import { createSites } from '#resolvers/network/sites/create.ts';
import { updateSite } from '#resolvers/network/sites/update.ts';

const hostnames = ['alpha-rt', 'beta-rt', 'gamma-rt'];
const subnets = ['10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '10.2.0.0/16', '2001:db8::/32', '2001:db8:1::/48'];
const addresses = ['10.1.1.1/32', '10.1.1.2/32', '10.2.0.1/32', '2001:db8:1::1/128'];
const ports = ['eth0', 'eth0.1', 'eth0.1.1', 'eth1'];
/** What a port hangs below. */
const above: Readonly<Record<string, string>> = { 'eth0.1': 'eth0', 'eth0.1.1': 'eth0.1' };

/** What one Site is to hold; numbers choose among what there is. */
const sitePlan = fc.record({
  hosts: fc.subarray(hostnames, { minLength: 1 }),
  subnets: fc.subarray(subnets, { minLength: 2 }),
  addresses: fc.subarray(addresses),
  bound: fc.array(fc.tuple(fc.nat(11), fc.nat(3)), { maxLength: 5 }),
  circuits: fc.array(fc.tuple(fc.nat(11), fc.option(fc.nat(11))), { maxLength: 4 }),
  protocols: fc.array(
    fc.record({ host: fc.nat(2), type: fc.nat(1), port: fc.option(fc.nat(3)), circuit: fc.option(fc.nat(3)) }),
    { maxLength: 4 },
  ),
});
export type SitePlan = typeof sitePlan extends fc.Arbitrary<infer Plan> ? Plan : never;

/** Two or three Sites. */
export const inventoryPlan = fc.array(sitePlan, { minLength: 2, maxLength: 3 });

/** One of everything. */
const completePlan: SitePlan = {
  hosts: ['watched-rt', 'watched-sw'],
  subnets: ['192.0.2.0/24'],
  addresses: ['192.0.2.1/32'],
  bound: [[0, 0]],
  circuits: [[0, 4]],
  protocols: [{ host: 0, type: 0, port: 0, circuit: 0 }],
};

export const typeOfKind = {
  site: 'Site',
  attribute: 'Attribute',
  device: 'Device',
  network: 'Network',
  interface: 'NetworkInterface',
  circuit: 'Circuit',
  protocolType: 'ProtocolType',
  protocol: 'Protocol',
} as const;
export type KindName = keyof typeof typeOfKind;

/** A thing with all that rights are decided by. Ids are row ids. */
export interface Thing {
  readonly kind: KindName;
  readonly id: string;
  /** The id in the graph. */
  readonly globalId: string;
  readonly siteId: string;
  /** The natural key as an input of the graph, where there is one. */
  readonly by: object | null;
  /** What people call it. */
  readonly key: string;
  readonly cidr?: string;
  /** The devices it is on, or that it joins. */
  readonly deviceIds?: readonly string[];
  /** Of an interface: itself and what it hangs below. */
  readonly chain?: readonly string[];
}

/** Plants the Sites of a plan, and a last one that holds one of everything. */
export async function plant(
  ctx: Context,
  plans: readonly SitePlan[],
): Promise<{ things: Thing[]; sentinels: Thing[] }> {
  const names = plans.map((_, index) => `Place ${'ABC'[index]}`);
  const sites = await createSites(
    ctx,
    [...names, 'Sentinel'].map((name) => ({ name })),
  );
  const planted: Thing[][] = [];
  for (const [index, site] of sites.entries()) planted.push(await plantSite(ctx, site, plans[index] ?? completePlan));
  return { things: planted.slice(0, -1).flat(), sentinels: planted.at(-1) ?? [] };
}

async function plantSite(ctx: Context, { id: siteId, name }: { id: string; name: string }, plan: SitePlan) {
  const site = { id: siteId };
  const letter = name.at(-1)?.toLowerCase();
  const thing = (kind: KindName, row: { id: string }, key: string, by: object | null, parts: Partial<Thing> = {}) => ({
    ...{ kind, id: row.id, globalId: toGlobalId(typeOfKind[kind], row.id), siteId, key, by },
    ...parts,
  });
  const resources = ['DEVICE', 'NETWORK', 'INTERFACE', 'CIRCUIT', 'PROTOCOL'] as const;
  const attributes = await createAttributes(
    ctx,
    resources.map((resource) => ({ site, resource, name: 'role' })),
  );
  const role = { role: 'spine' };
  const devices = await createDevices(
    ctx,
    plan.hosts.map((hostname, index) => ({ site, hostname, attributes: index === 0 ? role : {} })),
  );
  const held = plan.addresses.filter((address) => plan.subnets.some((subnet) => holds(subnet, address)));
  const networks = await createNetworks(
    ctx,
    [...plan.subnets, ...held].map((cidr, index) => ({ site, cidr, attributes: index % 2 === 0 ? role : {} })),
  );
  const bound = new Map<string, Set<string>>();
  for (const [port, address] of plan.bound) {
    const slot = `${port % devices.length}/${ports[port % ports.length]}`;
    const cidr = held[address % Math.max(held.length, 1)];
    const onDevice = [...bound].some(([other, cidrs]) => other[0] === slot[0] && cidrs.has(cidr ?? ''));
    if (cidr && !onDevice) bound.set(slot, (bound.get(slot) ?? new Set()).add(cidr));
  }
  const interfaces = await createInterfaces(
    ctx,
    devices.flatMap(({ id, hostname }, index) =>
      ports.map((port) => ({
        device: { id },
        name: port,
        ...(above[port] && { parent: { nameSlug: `${hostname}:${above[port]}` } }),
        addresses: [...(bound.get(`${index}/${port}`) ?? [])],
        attributes: port === 'eth0' ? role : {},
      })),
    ),
  );
  const used = new Set<string>();
  const ends = plan.circuits.flatMap(([a, z]) => {
    const pick = (index: number) => interfaces[index % interfaces.length]?.id ?? '';
    const pair = [pick(a), ...(z === null ? [] : [pick(z)])];
    if (new Set(pair).size < pair.length || pair.some((id) => used.has(id))) return [];
    for (const id of pair) used.add(id);
    return [pair];
  });
  const circuits = await createCircuits(
    ctx,
    ends.map(([a = '', z], index) => ({
      endpointA: { id: a },
      endpointZ: z === undefined ? null : { id: z },
      name: `wire-${letter}${index}`,
      attributes: role,
    })),
  );
  const types = await createProtocolTypes(
    ctx,
    ['bgp', 'ospf'].map((type) => ({
      site,
      name: `${type}-${letter}`,
      requiredAttributes: type === 'bgp' ? [{ name: { resource: 'PROTOCOL' as const, name: 'role' } }] : [],
    })),
  );
  const deviceOf = new Map(interfaces.map(({ id, deviceId }) => [id, deviceId]));
  const wished = plan.protocols.map(({ host, type, port, circuit }) => {
    const device = devices[host % devices.length]?.id ?? '';
    const on = interfaces.filter(({ deviceId }) => deviceId === device);
    const over = circuits.filter((_, index) => ends[index]?.some((end) => deviceOf.get(end) === device));
    return {
      device,
      type: types[type % types.length]?.id ?? '',
      interface: port === null ? null : (on[port % on.length]?.id ?? null),
      circuit: circuit === null ? null : (over[circuit % Math.max(over.length, 1)]?.id ?? null),
    };
  });
  const protocols = await createProtocols(
    ctx,
    wished.map(({ device, type, interface: port, circuit }) => ({
      type: { id: type },
      device: { id: device },
      interface: port === null ? null : { id: port },
      circuit: circuit === null ? null : { id: circuit },
      attributes: role,
    })),
  );
  const hostOf = new Map(devices.map(({ id, hostname }) => [id, hostname]));
  return [
    thing('site', site, name, { name }),
    ...attributes.map((one) =>
      thing('attribute', one, `${one.resource} ${one.name}`, { name: { resource: one.resource, name: one.name } }),
    ),
    ...devices.map((one) => thing('device', one, one.hostname, { hostname: one.hostname }, { deviceIds: [one.id] })),
    ...networks.map((one) => thing('network', one, one.cidr, { cidr: one.cidr }, { cidr: one.cidr })),
    ...interfaces.map((one) => {
      const slug = `${hostOf.get(one.deviceId)}:${one.name}`;
      const chain = [one.id];
      for (let next = one.parentId; next !== null; ) {
        chain.push(next);
        next = interfaces.find(({ id }) => id === next)?.parentId ?? null;
      }
      return thing('interface', one, slug, { nameSlug: slug }, { deviceIds: [one.deviceId], chain });
    }),
    ...circuits.map((one, index) =>
      thing(
        'circuit',
        one,
        one.nameSlug,
        { nameSlug: one.nameSlug },
        {
          deviceIds: [...new Set(ends[index]?.map((end) => deviceOf.get(end) ?? ''))],
        },
      ),
    ),
    ...types.map((one) => thing('protocolType', one, one.name, { name: one.name })),
    ...protocols.map((one) => thing('protocol', one, one.id, null, { deviceIds: [one.deviceId] })),
  ];
}

/** Changes every thing once, kind by kind. */
export async function touch(ctx: Context, things: readonly Thing[]): Promise<void> {
  const of = (kind: KindName) => things.filter((thing) => thing.kind === kind).map(({ id }) => ({ by: { id } }));
  const attributes = { role: 'leaf' };
  for (const { by } of of('site')) await updateSite(ctx, { by, description: 'touched' });
  await updateAttributes(
    ctx,
    of('attribute').map((one) => ({ ...one, description: 'touched' })),
  );
  await updateDevices(
    ctx,
    of('device').map((one) => ({ ...one, attributes })),
  );
  await updateNetworks(
    ctx,
    of('network').map((one) => ({ ...one, attributes })),
  );
  await updateInterfaces(
    ctx,
    of('interface').map((one) => ({ ...one, attributes })),
  );
  await updateCircuits(
    ctx,
    of('circuit').map((one) => ({ ...one, attributes })),
  );
  for (const { by } of of('protocolType')) await updateProtocolType(ctx, { by, description: 'touched' });
  await updateProtocols(
    ctx,
    of('protocol').map((one) => ({ ...one, attributes })),
  );
}

/** Whether a prefix holds another one or equals it. Worked out bit by bit, and in no other way than people do. */
export function holds(outer: string, inner: string): boolean {
  const [one, other] = [bits(outer), bits(inner)];
  return one.version === other.version && other.text.startsWith(one.text);
}

function bits(cidr: string): { version: number; text: string } {
  const [address = '', length] = cidr.split('/');
  const version = address.includes(':') ? 6 : 4;
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const parts =
    version === 4
      ? address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'))
      : [
          ...groups(head),
          ...Array(tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length).fill('0'),
          ...groups(tail ?? ''),
        ].map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0'));
  return { version, text: parts.join('').slice(0, Number(length)) };
}
