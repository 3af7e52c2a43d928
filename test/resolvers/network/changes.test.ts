import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { meaningOf, naturalKeyOf, type Snapshot, snapshotsOf } from '#resolvers/network/changes/change.ts';
import { changedFields, diffText } from '#resolvers/network/changes/diff.ts';
import {
  findChange,
  findChanges,
  listChanges,
  listChangesOf,
  listChangesOfSite,
} from '#resolvers/network/changes/find.ts';
import { watchChanges } from '#resolvers/network/changes/watch.ts';
import { createCircuit } from '#resolvers/network/circuits/create.ts';
import { deleteCircuit } from '#resolvers/network/circuits/delete.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { allocateAddresses } from '#resolvers/network/networks/allocate.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { updateNetwork } from '#resolvers/network/networks/update.ts';
import { createProtocolType } from '#resolvers/network/protocol-types/create.ts';
import { createProtocol } from '#resolvers/network/protocols/create.ts';
import { deleteSite } from '#resolvers/network/sites/delete.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { updateSite } from '#resolvers/network/sites/update.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

/** Numbers what was written, as the gateway does by itself a moment later. */
async function settle(): Promise<void> {
  while ((await ctx.use(eventLog).number(1000)) > 0);
}

async function list(viewer: Context, input: Parameters<typeof listChanges>[1]) {
  await settle();
  const page = await listChanges(viewer, input, wholePage);
  expect(await page.count()).toBe(page.items.length);
  return page.items.map(({ node }) => node);
}

const shown = (changes: readonly StoredEvent[]) =>
  changes.map((change) => {
    const { action, resource } = meaningOf(change);
    return `${action} ${resource} ${naturalKeyOf(change)}`;
  });

const textOf = (change: StoredEvent | undefined) => {
  if (!change) throw new Error('No change.');
  const { before, after } = snapshotsOf(change);
  return diffText(before, after);
};

/** foo-bar1, which becomes foo-bar3 and is deleted. */
async function lifeOfADevice(site: Site) {
  const { id } = await createDevice(ctx, { site: { id: site.id }, hostname: 'foo-bar1' });
  await updateDevice(ctx, { by: { id }, hostname: 'foo-bar3' });
  await deleteDevice(ctx, { by: { id } });
  return id;
}

describe('the history of a thing', () => {
  test('shows what was made, changed and deleted, newest first, and stays when the thing is gone', async () => {
    const site = await net.site();
    const id = await lifeOfADevice(site);
    const changes = await list(ctx, { filter: { target: toGlobalId('Device', id) } });
    expect(shown(changes)).toEqual(['DELETED DEVICE foo-bar3', 'UPDATED DEVICE foo-bar3', 'CREATED DEVICE foo-bar1']);
    const [gone, renamed, made] = changes.map(textOf);
    expect(made?.split('\n')).toContain('+   "hostname": "foo-bar1",');
    expect(made?.split('\n').every((line) => line.startsWith('+ '))).toBe(true);
    expect(renamed?.split('\n')).toEqual([
      '  {',
      '    "attributes": {},',
      '-   "hostname": "foo-bar1",',
      '+   "hostname": "foo-bar3",',
      `    "id": "${toGlobalId('Device', id)}",`,
      `    "siteId": "${toGlobalId('Site', site.id)}"`,
      '  }',
    ]);
    expect(gone?.split('\n').every((line) => line.startsWith('- '))).toBe(true);
    const fields = changes.map((change) => {
      const { before, after } = snapshotsOf(change);
      return changedFields(before, after);
    });
    expect(fields[1]).toEqual([{ path: 'hostname', before: 'foo-bar1', after: 'foo-bar3' }]);
    expect(fields[2]).toContainEqual({ path: 'hostname', before: null, after: 'foo-bar1' });
    expect(fields[0]).toContainEqual({ path: 'hostname', before: 'foo-bar3', after: null });
  });

  test('holds one change for each address taken and each state set, and none for what changed nothing', async () => {
    const site = await net.site();
    await createNetwork(ctx, { site: { id: site.id }, cidr: '10.1.2.0/24' });
    const key = { site: { id: site.id } };
    await allocateAddresses(ctx, { ...key, by: { cidr: '10.1.2.0/24' }, num: 2 });
    await updateNetwork(ctx, { ...key, by: { cidr: '10.1.2.1/32' }, state: 'RESERVED' });
    await updateNetwork(ctx, { ...key, by: { cidr: '10.1.2.1/32' }, state: 'RESERVED' });
    expect(shown(await list(ctx, key))).toEqual([
      'UPDATED NETWORK 10.1.2.1/32',
      'CREATED NETWORK 10.1.2.2/32',
      'CREATED NETWORK 10.1.2.1/32',
      'CREATED NETWORK 10.1.2.0/24',
      `CREATED SITE ${site.name}`,
    ]);
  });

  test('is kept of all eight kinds, cascades included, each under its natural key and of one form', async () => {
    const site = await net.site();
    const key = { site: { id: site.id } };
    await createAttribute(ctx, { ...key, resource: 'DEVICE', name: 'owner' });
    const device = await createDevice(ctx, { ...key, hostname: 'r1', attributes: { owner: 'noc' } });
    await createNetwork(ctx, { ...key, cidr: '10.0.0.0/24' });
    const port = await createInterface(ctx, { device: { id: device.id }, name: 'eth0', addresses: ['10.0.0.1'] });
    const circuit = await createCircuit(ctx, { ...key, endpointA: { id: port.id } });
    await createProtocolType(ctx, { ...key, name: 'bgp' });
    await createProtocol(ctx, { ...key, type: { name: 'bgp' }, device: { id: device.id } });
    await deleteCircuit(ctx, { by: { id: circuit.id } });
    await deleteDevice(ctx, { by: { id: device.id } });
    const changes = await list(ctx, key);
    expect(shown(changes)).toEqual([
      'DELETED DEVICE r1',
      'DELETED INTERFACE r1:eth0',
      'UPDATED NETWORK 10.0.0.1/32',
      'DELETED PROTOCOL bgp on r1',
      'DELETED CIRCUIT r1:eth0_None',
      'CREATED PROTOCOL bgp on r1',
      'CREATED PROTOCOL_TYPE bgp',
      'CREATED CIRCUIT r1:eth0_None',
      'CREATED INTERFACE r1:eth0',
      'CREATED NETWORK 10.0.0.1/32',
      'CREATED NETWORK 10.0.0.0/24',
      'CREATED DEVICE r1',
      'CREATED ATTRIBUTE owner',
      `CREATED SITE ${site.name}`,
    ]);
    for (const change of changes) {
      const { before, after } = snapshotsOf(change);
      const { action } = meaningOf(change);
      expect([before === null, after === null]).toEqual([action === 'CREATED', action === 'DELETED']);
      expect((after ?? before)?.id).toBe(change.subject);
    }
  });

  test('is read for many things at once, in one read', async () => {
    const site = await net.site();
    const devices = await createDevices(
      ctx,
      Array.from({ length: 20 }, (_, n) => ({ site: { id: site.id }, hostname: `d${n}` })),
    );
    await settle();
    const reads = vi.spyOn(PrismaEventLog.prototype, 'pages');
    const fresh = net.gateway.context({ viewer: ctx.viewer });
    const pages = await Promise.all(
      devices.map(({ id }) => listChangesOf(fresh, toGlobalId('Device', id), {}, { ...wholePage, limit: 5 })),
    );
    expect(pages.map(({ items }) => shown(items.map(({ node }) => node)))).toEqual(
      devices.map(({ hostname }) => [`CREATED DEVICE ${hostname}`]),
    );
    expect(reads).toHaveBeenCalledTimes(1);
    reads.mockRestore();
  });

  test('of a Site is that of everything in it, and outlives it for those who may read without a scope', async () => {
    const site = await net.site();
    const reader = net.as(`network:read@site/${site.id}`);
    const id = await lifeOfADevice(site);
    await updateSite(ctx, { by: { id: site.id }, description: 'old' });
    await settle();
    const ofSite = await listChangesOfSite(reader, site.id, {}, wholePage);
    expect(shown(ofSite.items.map(({ node }) => node))).toEqual([
      `UPDATED SITE ${site.name}`,
      'DELETED DEVICE foo-bar3',
      'UPDATED DEVICE foo-bar3',
      'CREATED DEVICE foo-bar1',
      `CREATED SITE ${site.name}`,
    ]);
    const key = { site: { id: site.id } };
    expect(await list(reader, key)).toHaveLength(5);
    expect(await list(reader, { site: { name: site.name } })).toHaveLength(5);
    await deleteSite(ctx, { by: { id: site.id } });
    expect(shown(await list(ctx, key))[0]).toBe(`DELETED SITE ${site.name}`);
    expect(await list(ctx, { filter: { target: toGlobalId('Device', id) } })).toHaveLength(3);
    expect(await list(net.as('network:read'), key)).toHaveLength(6);
    expect(await list(net.gateway.context({ viewer: reader.viewer }), key)).toEqual([]);
    expect(await list(ctx, { site: { name: site.name } })).toEqual([]);
  });
});

describe('who may see history', () => {
  test('is who may read the thing: in lists, in counts and by id', async () => {
    const site = await net.site();
    const [one, other] = await createDevices(
      ctx,
      ['one', 'other'].map((hostname) => ({ site: { id: site.id }, hostname })),
    );
    const key = { site: { id: site.id } };
    const all = await list(ctx, key);
    const ids = all.map(({ id }) => id);
    const seenBy = async (...permissions: string[]) => {
      const viewer = net.as(...permissions);
      const listed = await list(viewer, key);
      const found = (await findChanges(viewer, ids)).filter((change) => change !== null);
      expect(found.map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
      return shown(listed);
    };
    const everything = ['CREATED DEVICE other', 'CREATED DEVICE one', `CREATED SITE ${site.name}`];
    expect(await seenBy('network:read')).toEqual(everything);
    expect(await seenBy(`network:update@site/${site.id}`)).toEqual(everything);
    expect(await seenBy(`network:read@site/${site.id}/device`)).toEqual(everything.slice(0, 2));
    expect(await seenBy('network:read@kind/site')).toEqual(everything.slice(2));
    expect(await seenBy(`network:read@device/${one?.id}`)).toEqual(['CREATED DEVICE one']);
    expect(await seenBy(`network:read@device/${other?.id}`, 'event:read')).toEqual(['CREATED DEVICE other']);
    expect(await seenBy('event:read')).toEqual([]);
    await deleteDevice(ctx, { by: { id: one?.id ?? '' } });
    expect(await seenBy(`network:read@device/${one?.id}`)).toEqual([]);
  });

  test('by a grant on a network is what happened inside it', async () => {
    const site = await net.site();
    const key = { site: { id: site.id } };
    const outer = await createNetwork(ctx, { ...key, cidr: '10.0.0.0/8' });
    await createNetwork(ctx, { ...key, cidr: '10.1.0.0/16' });
    await createNetwork(ctx, { ...key, cidr: '11.0.0.0/8' });
    expect(shown(await list(net.as(`network:read@network/${outer.id}`), key))).toEqual([
      'CREATED NETWORK 10.1.0.0/16',
      'CREATED NETWORK 10.0.0.0/8',
    ]);
  });
});

describe('lists of changes', () => {
  test('are filtered by action, resource, target, actor and time, all of which must hold', async () => {
    const site = await net.site();
    const key = { site: { id: site.id } };
    const editor = net.as(`network:write@site/${site.id}`);
    const device = await createDevice(editor, { ...key, hostname: 'one' });
    await createNetwork(ctx, { ...key, cidr: '10.0.0.0/8' });
    await updateDevice(ctx, { by: { id: device.id }, hostname: 'two' });
    const filtered = async (filter: object) => shown(await list(ctx, { ...key, filter }));
    expect(await filtered({ action: 'UPDATED' })).toEqual(['UPDATED DEVICE two']);
    expect(await filtered({ resource: 'DEVICE' })).toEqual(['UPDATED DEVICE two', 'CREATED DEVICE one']);
    expect(await filtered({ resource: 'NETWORK', action: 'DELETED' })).toEqual([]);
    expect(await filtered({ target: device.id })).toEqual(['UPDATED DEVICE two', 'CREATED DEVICE one']);
    expect(await filtered({ target: toGlobalId('Network', device.id) })).toEqual([]);
    expect(await filtered({ target: 'nothing' })).toEqual([]);
    const actor = toGlobalId('Account', editor.viewer.id ?? '');
    expect(await filtered({ actor })).toEqual(['CREATED DEVICE one']);
    expect(await filtered({ actor: 'nobody' })).toEqual([]);
    const [, made] = await list(ctx, { ...key, filter: { resource: 'DEVICE' } });
    expect(await filtered({ to: made?.occurredAt })).toEqual([`CREATED SITE ${site.name}`]);
    expect(await filtered({ from: made?.occurredAt, action: 'CREATED', resource: 'SITE' })).toEqual([]);
    expect(await filtered({ target: device.id, action: 'CREATED' })).toEqual(['CREATED DEVICE one']);
    await expect(filtered({ action: 'RENAMED' })).rejects.toBeInstanceOf(InputError);
    await expect(filtered({ from: 'yesterday' })).rejects.toBeInstanceOf(InputError);
  });

  test('go on behind a position, and are found by id', async () => {
    const site = await net.site();
    await lifeOfADevice(site);
    await settle();
    const key = { site: { id: site.id } };
    const first = await listChanges(ctx, key, { ...wholePage, limit: 2 });
    expect(first.hasNextPage).toBe(true);
    const rest = await listChanges(ctx, key, { ...wholePage, after: first.items.at(-1)?.position ?? null });
    expect(shown(rest.items.map(({ node }) => node))).toEqual(['CREATED DEVICE foo-bar1', `CREATED SITE ${site.name}`]);
    const change = rest.items[0]?.node;
    expect((await findChange(ctx, toGlobalId('Change', change?.id ?? '')))?.sequence).toBe(change?.sequence);
    expect(await findChange(ctx, toGlobalId('Change', newId()))).toBeNull();
    expect(await findChange(ctx, toGlobalId('Device', change?.id ?? ''))).toBeNull();
  });

  test('hold no events that are no changes of a thing', async () => {
    const event = (await net.events(await net.site()))[0];
    const names = (await list(ctx, {})).map(({ name }) => name);
    expect(event?.name).toBe('network.site.created');
    expect(names.every((name) => /^network\.\w+\.(created|updated|deleted)$/.test(name))).toBe(true);
  });
});

describe('a stream of changes', () => {
  /** What of the life of things in a Site a watcher is told. */
  async function told(viewer: Context, input: Parameters<typeof watchChanges>[1], site: Site) {
    const selection = await watchChanges(viewer, input);
    const events = await net.events(site);
    return shown(
      events.filter(
        (event) =>
          selection.names.includes(event.name) &&
          (!selection.subjects || selection.subjects.has(event.subject ?? '')) &&
          (selection.matches?.(event) ?? true),
      ),
    );
  }

  test('is of one Site, some kinds, some actions, one thing, or of what the viewer did', async () => {
    const [site, elsewhere] = [await net.site(), await net.site()];
    const editor = net.as(`network:write@site/${site.id}`);
    const id = await lifeOfADevice(site);
    await createNetwork(editor, { site: { id: site.id }, cidr: '10.0.0.0/8' });
    const created = [`CREATED SITE ${site.name}`, 'CREATED DEVICE foo-bar1', 'CREATED NETWORK 10.0.0.0/8'];
    expect(await told(ctx, { site: { id: site.id }, actions: ['CREATED'] }, site)).toEqual(created);
    expect(await told(ctx, { site: { id: elsewhere.id } }, site)).toEqual([]);
    expect(await told(ctx, { resources: ['NETWORK', 'SITE'] }, site)).toEqual([created[0], created[2]]);
    expect(await told(ctx, { targetId: toGlobalId('Device', id), actions: ['DELETED'] }, site)).toEqual([
      'DELETED DEVICE foo-bar3',
    ]);
    expect(await told(editor, { mineOnly: true }, site)).toEqual(['CREATED NETWORK 10.0.0.0/8']);
    expect((await watchChanges(editor, { mineOnly: true })).personal).toBe(true);
    expect((await watchChanges(editor, null)).personal).toBeUndefined();
  });

  test('by a set query tells of things that come into the set and that leave it', async () => {
    const site = await net.site();
    const key = { site: { id: site.id } };
    await createAttribute(ctx, { ...key, resource: 'DEVICE', name: 'owner' });
    const [one] = await createDevices(ctx, [
      { ...key, hostname: 'one', attributes: { owner: 'noc' } },
      { ...key, hostname: 'two', attributes: { owner: 'lab' } },
    ]);
    await updateDevice(ctx, { by: { id: one?.id ?? '' }, attributes: { owner: 'lab' } });
    await updateDevice(ctx, { by: { id: one?.id ?? '' }, hostname: 'three' });
    const input = { ...key, resources: ['DEVICE' as const], query: 'owner=noc' };
    expect(await told(ctx, input, site)).toEqual(['CREATED DEVICE one', 'UPDATED DEVICE one']);
    expect(await told(ctx, { ...input, query: '' }, site)).toEqual([]);
  });

  test('refuses a Site that may not be read, and a query about no kind or several', async () => {
    const [site, elsewhere] = [await net.site(), await net.site()];
    const reader = net.as(`network:read@site/${site.id}`);
    await expect(watchChanges(reader, { site: { id: elsewhere.id } })).rejects.toMatchObject({
      fields: [{ path: ['filter', 'site'] }],
    });
    for (const resources of [undefined, ['SITE'], ['DEVICE', 'NETWORK']] as const)
      await expect(watchChanges(ctx, { query: 'a=b', resources: resources as never })).rejects.toMatchObject({
        fields: [{ path: ['filter', 'resources'] }],
      });
    await expect(watchChanges(ctx, { query: 'nope=b', resources: ['DEVICE'] })).rejects.toThrow(
      "Attribute matching query does not exist: 'nope'",
    );
  });
});

describe('a diff', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd');
  const value = fc.oneof(word, fc.integer({ min: 0, max: 2 }), fc.constant(null), fc.array(word, { maxLength: 3 }));
  const snapshot: fc.Arbitrary<Snapshot> = fc
    .tuple(fc.dictionary(word, value), fc.dictionary(word, fc.oneof(word, fc.array(word, { maxLength: 3 }))))
    .map(([fields, attributes]) => ({ ...fields, attributes: { ...attributes } }));
  const lines = (text: string, marks: string) =>
    text
      .split('\n')
      .filter((line) => marks.includes(line.slice(0, 2)))
      .map((line) => line.slice(2));
  const sorted = (part: unknown): unknown =>
    Array.isArray(part) || typeof part !== 'object' || part === null
      ? part
      : Object.fromEntries(
          Object.entries(part)
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        );
  const jsonLines = (snapshot: Snapshot) => JSON.stringify(sorted(snapshot), null, 2).split('\n');

  /** The most lines that can stay, by the table of all pairs. */
  function mostKept(one: readonly string[], other: readonly string[]): number {
    let row = new Array<number>(other.length + 1).fill(0);
    for (const line of one) {
      const next = [0];
      other.forEach((candidate, j) => {
        next.push(line === candidate ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
      });
      row = next;
    }
    return row.at(-1) ?? 0;
  }

  test('holds every line of both, keeps as many as can be kept, and tells the gone ones first in each run', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (before, after) => {
        const text = diffText(before, after);
        expect(lines(text, '  - ')).toEqual(jsonLines(before));
        expect(lines(text, '  + ')).toEqual(jsonLines(after));
        expect(lines(text, '  ')).toHaveLength(mostKept(jsonLines(before), jsonLines(after)));
        expect(text).not.toMatch(/^\+ .*\n- /m);
        expect(diffText(before, { ...before })).toBe(
          jsonLines(before)
            .map((line) => `  ${line}`)
            .join('\n'),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('names the fields that differ, values of attributes by name', () => {
    const before = { hostname: 'a', attributes: { owner: 'noc', tags: ['x'], gone: '1' } };
    const after = { attributes: { tags: ['x'], owner: 'lab', new: '2' }, hostname: 'a' };
    expect(changedFields(before, after)).toEqual([
      { path: 'attributes.gone', before: '1', after: null },
      { path: 'attributes.new', before: null, after: '2' },
      { path: 'attributes.owner', before: 'noc', after: 'lab' },
    ]);
    expect(changedFields(before, { ...before })).toEqual([]);
  });

  test('of a thing that was too large to be kept twice has what is left of it', () => {
    const event = (name: string, data: object) =>
      ({ name, data, before: null, after: null, truncated: true }) as StoredEvent;
    const device = { id: 'x', hostname: 'a' };
    expect(snapshotsOf(event('network.device.created', { device }))).toEqual({
      before: null,
      after: device,
      truncated: false,
    });
    expect(snapshotsOf(event('network.device.deleted', { device }))).toMatchObject({
      before: device,
      truncated: false,
    });
    expect(snapshotsOf(event('network.device.updated', { device }))).toMatchObject({ after: device, truncated: true });
    expect(naturalKeyOf(event('network.interface.updated', { networkInterface: { nameSlug: 'a:eth0' } }))).toBe(
      'a:eth0',
    );
  });
});
