import type { PermissionArea, RoleDeclaration, ScopeKind } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { rowIdOf } from '#kernel/id.ts';
import { kinds } from '#resolvers/network/access.ts';
import { circuitFacts, circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { deviceFacts, deviceStore } from '#resolvers/network/devices/device.ts';
import { hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { interfaceFacts, slugOf } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { ancestorsOf } from '#resolvers/network/networks/ancestors.ts';
import { networkFacts } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteFacts, siteStore } from '#resolvers/network/sites/site.ts';

/** A Site, or one kind of thing in it: `SJC`, `SJC/device`. Kept by id, so a renamed Site keeps its grants. */
const siteKind: ScopeKind = {
  async resolve(ctx, text) {
    const whole = await siteId(ctx, text);
    const { site, kind } = splitKind(text);
    if (whole !== null || kind === null) return whole;
    const id = await siteId(ctx, site);
    return id === null ? null : `${id}/${kind}`;
  },
  async display(ctx, value) {
    const { site: id, kind } = splitKind(value);
    const [site] = await ctx.use(siteStore).getMany([id]);
    // A name with blanks could not be given again as a part of a permission.
    const shown = site && !/\s/.test(site.name) ? site.name : id;
    return kind === null ? shown : `${shown}/${kind}`;
  },
  async ancestors(_, value) {
    const { site: id, kind } = splitKind(value);
    return kind === null ? siteFacts({ id }) : { site: id, kind };
  },
};

/** The name or id of a Site, and the kind behind the last slash where it is one. */
function splitKind(text: string): { site: string; kind: string | null } {
  const slash = text.lastIndexOf('/');
  const kind = text.slice(slash + 1);
  return slash > 0 && (kinds as readonly string[]).includes(kind)
    ? { site: text.slice(0, slash), kind }
    : { site: text, kind: null };
}

async function siteId(ctx: Context, text: string): Promise<string | null> {
  const [named] = await ctx.use(siteStore).getByName([text]);
  if (named) return named.id;
  const id = rowIdOf('Site', text);
  if (id === null) return null;
  const [site] = await ctx.use(siteStore).getMany([id]);
  return site?.id ?? null;
}

/** Every thing of one kind, wherever it is: `kind/device`. */
const kindKind: ScopeKind = {
  resolve: async (_, text) => ((kinds as readonly string[]).includes(text) ? text : null),
  display: async (_, kind) => kind,
};

const deviceKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = rowIdOf('Device', text);
    const [device] = id === null ? [] : await ctx.use(deviceStore).getMany([id]);
    return device?.id ?? null;
  },
  async display(ctx, id) {
    const [device] = await ctx.use(deviceStore).getMany([id]);
    return device?.hostname ?? id;
  },
  async ancestors(ctx, id) {
    const [device] = await ctx.use(deviceStore).getMany([id]);
    return device ? deviceFacts(device) : {};
  },
};

/** An interface with everything that hangs below it. */
const interfaceKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = rowIdOf('NetworkInterface', text);
    const [one] = id === null ? [] : await ctx.use(interfaceStore).getMany([id]);
    return one?.id ?? null;
  },
  async display(ctx, id) {
    const [one] = await ctx.use(interfaceStore).getMany([id]);
    const [hostname] = one ? await hostnamesOf(ctx, [one.deviceId]) : [];
    // The text of a permission holds no blanks.
    const slug = one && hostname ? slugOf(hostname, one.name) : id;
    return /\s/.test(slug) ? id : slug;
  },
  async ancestors(ctx, id) {
    const store = ctx.use(interfaceStore);
    const [one] = await store.getMany([id]);
    if (!one) return {};
    const [chain = []] = await store.ancestors([id]);
    return interfaceFacts(one, chain);
  },
};

const circuitKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = rowIdOf('Circuit', text);
    const [circuit] = id === null ? [] : await ctx.use(circuitStore).getMany([id]);
    return circuit?.id ?? null;
  },
  async display(ctx, id) {
    const [circuit] = await ctx.use(circuitStore).getMany([id]);
    // The text of a permission holds no blanks.
    return circuit && !/\s/.test(circuit.nameSlug) ? circuit.nameSlug : id;
  },
  async ancestors(ctx, id) {
    const [circuit] = await ctx.use(circuitStore).getMany([id]);
    return circuit ? circuitFacts(circuit) : {};
  },
};

/** A network with everything in it. */
const networkKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = rowIdOf('Network', text);
    const [network] = id === null ? [] : await ctx.use(networkStore).getMany([id]);
    return network?.id ?? null;
  },
  async display(ctx, id) {
    const [network] = await ctx.use(networkStore).getMany([id]);
    return network?.cidr ?? id;
  },
  async ancestors(ctx, id) {
    const [network] = await ctx.use(networkStore).getMany([id]);
    if (!network) return {};
    const [ancestors = []] = await ancestorsOf(ctx, [network]);
    return networkFacts(network, ancestors);
  },
};

export const networkArea: PermissionArea = {
  name: 'network',
  description: 'Sites and what they hold.',
  verbs: {
    read: { description: 'See things, and their changes.', standard: true },
    create: { description: 'Create things.' },
    update: { description: 'Change things.' },
    delete: { description: 'Delete things.' },
    allocate: { description: 'Take free space of a network.' },
    write: { description: 'Create, change, delete and allocate.' },
    reveal: { description: 'See secrets that are kept with things.' },
  },
  implies: {
    create: ['read'],
    update: ['read'],
    delete: ['read'],
    allocate: ['read'],
    write: ['create', 'update', 'delete', 'allocate'],
  },
  scope: 'kinds',
  kinds: {
    site: siteKind,
    kind: kindKind,
    device: deviceKind,
    network: networkKind,
    interface: interfaceKind,
    circuit: circuitKind,
  },
};

export const networkRoles: readonly RoleDeclaration[] = [
  { name: 'network-reader', realName: 'Reads the network', permissions: ['network:read'] },
  { name: 'network-editor', realName: 'Edits the network', permissions: ['network:write'] },
  { name: 'network-admin', realName: 'Administers the network', permissions: ['network:admin'] },
];
