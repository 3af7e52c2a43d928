/** The streams of the nouns that hang on others: each with its three events, filters, rights and resume. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { deleteAttribute } from '#resolvers/network/attributes/delete.ts';
import { updateAttribute } from '#resolvers/network/attributes/update.ts';
import { createCircuit } from '#resolvers/network/circuits/create.ts';
import { deleteCircuit } from '#resolvers/network/circuits/delete.ts';
import { updateCircuit } from '#resolvers/network/circuits/update.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface } from '#resolvers/network/interfaces/delete.ts';
import { updateInterface } from '#resolvers/network/interfaces/update.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { createProtocolType } from '#resolvers/network/protocol-types/create.ts';
import { deleteProtocolType } from '#resolvers/network/protocol-types/delete.ts';
import { updateProtocolType } from '#resolvers/network/protocol-types/update.ts';
import { createProtocol } from '#resolvers/network/protocols/create.ts';
import { deleteProtocol } from '#resolvers/network/protocols/delete.ts';
import { updateProtocol } from '#resolvers/network/protocols/update.ts';
import { type Item, type Received, socketClient, subscribeBySse, subscribeOver } from '../../support/clients.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
let url: string;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork('memory');
  url = await net.gateway.listen();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

const key = ({ id }: { readonly id: string }) => ({ id });
type Made = { readonly id: string };

/** A Site with two devices, two interfaces on each, and a type of protocols. */
async function plant() {
  const site = await net.site();
  const device = (hostname: string) => createDevice(ctx, { site: key(site), hostname });
  const devices = [await device('r1'), await device('r2')] as const;
  const port = (device: Device, name: string) => createInterface(ctx, { device: key(device), name });
  const a = [await port(devices[0], 'a0'), await port(devices[0], 'a1')] as const;
  const z = [await port(devices[1], 'z0'), await port(devices[1], 'z1')] as const;
  const type = await createProtocolType(ctx, { site: key(site), name: 'ospf' });
  return { site, devices, a, z, type };
}
type Plant = Awaited<ReturnType<typeof plant>>;

interface Noun {
  readonly type: string;
  readonly resource: 'INTERFACE' | 'CIRCUIT' | 'PROTOCOL' | null;
  make(plant: Plant, count: 0 | 1, attributes?: Record<string, string>): Promise<Made>;
  /** Changes `field`, to what begins with `after`. */
  change(thing: Made): Promise<unknown>;
  carry(thing: Made, attributes: Record<string, string>): Promise<unknown>;
  remove(thing: Made): Promise<unknown>;
  readonly field: string;
  readonly before: string;
  /** The scope of a grant on one thing that lets it be seen, and nothing that lies elsewhere. */
  grant?(plant: Plant): string;
}

const noAttributes = () => Promise.reject(new Error('It carries none.'));

const nouns: Readonly<Record<string, Noun>> = {
  networkInterface: {
    type: 'NetworkInterface',
    resource: 'INTERFACE',
    make: ({ devices }, count, attributes) =>
      createInterface(ctx, { device: key(devices[count]), name: `x${count}`, ...(attributes && { attributes }) }),
    change: (thing) => updateInterface(ctx, { by: key(thing), description: 'after' }),
    carry: (thing, attributes) => updateInterface(ctx, { by: key(thing), attributes }),
    remove: (thing) => deleteInterface(ctx, { by: key(thing) }),
    field: 'description',
    before: '',
    grant: ({ devices }) => `device/${devices[0].id}`,
  },
  circuit: {
    type: 'Circuit',
    resource: 'CIRCUIT',
    make: ({ a, z }, count, attributes) =>
      createCircuit(ctx, {
        endpointA: key(a[count]),
        endpointZ: key(z[count]),
        name: `c${count}`,
        ...(attributes && { attributes }),
      }),
    change: (thing) => updateCircuit(ctx, { by: key(thing), name: `after ${thing.id}` }),
    carry: (thing, attributes) => updateCircuit(ctx, { by: key(thing), attributes }),
    remove: (thing) => deleteCircuit(ctx, { by: key(thing) }),
    field: 'name',
    before: 'c0',
  },
  protocol: {
    type: 'Protocol',
    resource: 'PROTOCOL',
    make: ({ devices, type }, count, attributes) =>
      createProtocol(ctx, {
        type: key(type),
        device: key(devices[count]),
        authString: 'geheim',
        ...(attributes && { attributes }),
      }),
    change: (thing) => updateProtocol(ctx, { by: key(thing), description: 'after' }),
    carry: (thing, attributes) => updateProtocol(ctx, { by: key(thing), attributes }),
    remove: (thing) => deleteProtocol(ctx, { by: key(thing) }),
    field: 'description',
    before: '',
    grant: ({ devices }) => `device/${devices[0].id}`,
  },
  protocolType: {
    type: 'ProtocolType',
    resource: null,
    make: ({ site }, count) => createProtocolType(ctx, { site: key(site), name: `t${count}` }),
    change: (thing) => updateProtocolType(ctx, { by: key(thing), description: 'after' }),
    carry: noAttributes,
    remove: (thing) => deleteProtocolType(ctx, { by: key(thing) }),
    field: 'description',
    before: '',
  },
  attribute: {
    type: 'Attribute',
    resource: null,
    make: ({ site }, count) => createAttribute(ctx, { site: key(site), resource: 'DEVICE', name: `n${count}` }),
    change: (thing) => updateAttribute(ctx, { by: key(thing), description: 'after' }),
    carry: noAttributes,
    remove: (thing) => deleteAttribute(ctx, { by: key(thing) }),
    field: 'description',
    before: '',
  },
};

const kinds: Readonly<Record<string, string>> = {
  site: 'SiteKey',
  ids: '[ID!]',
  query: 'String',
  after: 'EventCursor',
};

function documentOf(noun: string, variables: Record<string, unknown>): string {
  const { type } = nouns[noun] as Noun;
  const names = Object.keys(variables);
  const declared = names.map((name) => `$${name}: ${kinds[name]}`).join(', ');
  const given = names.map((name) => `${name}: $${name}`).join(', ');
  return `subscription${declared ? ` (${declared})` : ''} { ${noun}Changed(${given ? `${given}, ` : ''}hello: true) { __typename
    ... on ${type}Created { before after ${noun} { id } }
    ... on ${type}Updated { before after ${noun} { id } }
    ... on ${type}Deleted { before after ${noun} { id } }
    ... on Event { subjectId } } }`;
}

type Change = {
  readonly __typename: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly subjectId: string;
} & Readonly<Record<string, unknown>>;

/** Subscribes, and waits until the stream stands. */
async function watch(noun: string, variables: Record<string, unknown> = {}, ...permissions: string[]) {
  const client = socketClient(url, (permissions.length > 0 ? permissions : ['network:read']).join(' '));
  const stream = subscribeOver(client, documentOf(noun, variables), variables);
  await Promise.race([stream.reach(1), stream.ended.then((how) => Promise.reject(how))]);
  return { stream, close: () => client.dispose() };
}

const changeOf = (noun: string, item: Item | undefined): Change => {
  expect(item?.errors).toBeUndefined();
  return item?.data?.[`${noun}Changed`] as Change;
};

/** The items after `Subscribed`: those that came once the last of `count` is there. */
async function changes(noun: string, { stream }: { stream: Received }, count: number): Promise<Change[]> {
  await stream.reach(count + 1);
  return stream.items.slice(1).map((item) => changeOf(noun, item));
}

const verbs = (all: readonly Change[]) =>
  all.map(({ __typename }) => /(Created|Updated|Deleted)$/.exec(__typename)?.[0]);

/** A subscriber to everything of the noun that is told last: what others got before it, they got. */
async function settled(noun: string, work: () => Promise<unknown>, count: number): Promise<Change[]> {
  const all = await watch(noun, {}, '*');
  await work();
  const told = await changes(noun, all, count);
  await all.close();
  return told;
}

describe.each(Object.entries(nouns))('%sChanged', (noun, { type, make, change, remove, ...facts }) => {
  const idOf = ({ id }: Made) => toGlobalId(type, id);
  const { field, before } = facts;

  test('tells what is created, changed and deleted, with the state before and after', async () => {
    const place = await plant();
    const stream = await watch(noun, { site: { id: place.site.id } });
    const thing = await make(place, 0);
    // The link leads to the thing as it is now.
    await changes(noun, stream, 1);
    await change(thing);
    await changes(noun, stream, 2);
    await change(thing);
    await remove(thing);
    const told = await changes(noun, stream, 3);
    const id = idOf(thing);
    expect(told).toEqual([
      {
        __typename: `${type}Created`,
        before: null,
        after: expect.objectContaining({ id, [field]: before }),
        subjectId: id,
        [noun]: { id },
      },
      {
        __typename: `${type}Updated`,
        before: expect.objectContaining({ id, [field]: before }),
        after: expect.objectContaining({ id, [field]: expect.stringMatching(/^after/) }),
        subjectId: id,
        [noun]: { id },
      },
      {
        __typename: `${type}Deleted`,
        before: expect.objectContaining({ id, [field]: expect.stringMatching(/^after/) }),
        after: null,
        subjectId: id,
        [noun]: null,
      },
    ]);
    expect(JSON.stringify(told)).not.toContain('geheim');
    await stream.close();
  });

  test('tells of one Site, or of some things, alone', async () => {
    const [here, there] = [await plant(), await plant()];
    const [one, other] = [await make(here, 0), await make(here, 1)];
    const ofSite = await watch(noun, { site: { name: here.site.name } });
    const ofIds = await watch(noun, { ids: [idOf(other), 'nonsense', toGlobalId('Site', other.id)] });
    await settled(
      noun,
      async () => {
        await make(there, 0);
        for (const thing of [one, other]) await change(thing);
      },
      3,
    );
    expect((await changes(noun, ofSite, 2)).map(({ subjectId }) => subjectId)).toEqual([idOf(one), idOf(other)]);
    expect((await changes(noun, ofIds, 1)).map(({ subjectId }) => subjectId)).toEqual([idOf(other)]);
    await Promise.all([ofSite.close(), ofIds.close()]);
  });

  test('tells nothing to those who may not read it', async () => {
    const [mine, other] = [await plant(), await plant()];
    const scoped = await watch(noun, {}, `network:read@site/${mine.site.id}`);
    const granted = facts.grant ? await watch(noun, {}, `network:read@${facts.grant(mine)}`) : null;
    const told = await settled(
      noun,
      async () => {
        for (const place of [other, mine]) for (const count of [1, 0] as const) await make(place, count);
      },
      4,
    );
    const ids = told.map(({ subjectId }) => subjectId);
    expect((await changes(noun, scoped, 2)).map(({ subjectId }) => subjectId)).toEqual(ids.slice(2));
    if (granted) expect((await changes(noun, granted, 1)).map(({ subjectId }) => subjectId)).toEqual(ids.slice(3));
    await Promise.all([scoped.close(), granted?.close()]);
    const codeOf = (how: unknown) => (how as { extensions: { code: string } }[])[0]?.extensions.code;
    const refusal = (variables: Record<string, unknown>, permission: string) =>
      watch(noun, variables, permission).then(() => 'stands', codeOf);
    expect(await refusal({}, 'event:read')).toBe('FORBIDDEN');
    expect(await refusal({ site: { id: mine.site.id } }, `network:read@site/${other.site.id}`)).toBe('BAD_USER_INPUT');
  });

  test('resumes after a cursor with what was missed, over both transports', async () => {
    const place = await plant();
    const variables = { site: { id: place.site.id } };
    const first = await watch(noun, variables);
    const thing = await make(place, 0);
    const [, created] = await first.stream.reach(2);
    await first.close();
    const cursor = created?.extensions?.cursor;
    await change(thing);
    await remove(thing);
    const again = await watch(noun, { ...variables, after: cursor });
    expect(verbs(await changes(noun, again, 2))).toEqual(['Updated', 'Deleted']);
    await again.close();
    const sse = await subscribeBySse(url, documentOf(noun, variables), variables, {
      authorization: 'Bearer network:read',
      'last-event-id': cursor ?? '',
    });
    expect(verbs(await changes(noun, { stream: sse }, 2))).toEqual(['Updated', 'Deleted']);
    sse.stop();
  });
});

const carriers = Object.entries(nouns).filter(([, { resource }]) => resource);

test.each(carriers)(
  '%sChanged tells of what is or was in the set of a query',
  async (noun, { type, resource, make, carry, remove }) => {
    const idOf = ({ id }: Made) => toGlobalId(type, id);
    const place = await plant();
    await createAttribute(ctx, { site: key(place.site), resource: resource ?? 'DEVICE', name: 'role' });
    const stream = await watch(noun, { site: { id: place.site.id }, query: 'role=core' });
    const [one, other] = [await make(place, 0, { role: 'core' }), await make(place, 1, { role: 'edge' })];
    await settled(
      noun,
      async () => {
        await carry(other, { role: 'lab' });
        await carry(one, { role: 'edge' });
        await carry(one, {});
        await carry(other, { role: 'core' });
        await remove(other);
      },
      5,
    );
    const told = await changes(noun, stream, 4);
    expect(told.map(({ subjectId }) => subjectId)).toEqual([idOf(one), idOf(one), idOf(other), idOf(other)]);
    expect(verbs(told)).toEqual(['Created', 'Updated', 'Updated', 'Deleted']);
    await stream.close();
    const refused = await watch(noun, { site: { id: place.site.id }, query: 'nope=1' }).catch((how) => how);
    expect(refused).toMatchObject([
      { message: "Attribute matching query does not exist: 'nope'", extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  },
);

test('a grant on one end shows no circuit, and one on both does', async () => {
  const place = await plant();
  const [one, other] = place.devices.map(({ id }) => `network:read@device/${id}`) as [string, string];
  const both = await watch('circuit', {}, one, other);
  const half = await watch('circuit', {}, one);
  await settled('circuit', () => (nouns.circuit as Noun).make(place, 0), 1);
  expect(verbs(await changes('circuit', both, 1))).toEqual(['Created']);
  expect(half.stream.items).toHaveLength(1);
  await Promise.all([both.close(), half.close()]);
});

test('networkTreeChanged resumes after a cursor inside the tree alone, and tells nothing to those who may not read it', async () => {
  const { site } = await plant();
  const add = (cidr: string) => createNetwork(ctx, { site: key(site), cidr });
  const root = await add('10.0.0.0/8');
  const inside = `subscription ($after: EventCursor) {
    networkTreeChanged(site: { id: "${site.id}" }, root: { cidr: "10.0.0.0/8" }, hello: true, after: $after) {
      __typename ... on NetworkCreated { after } ... on NetworkDeleted { before }
    }
  }`;
  const told = (items: readonly Item[]) =>
    items.slice(1).map(({ data }) => {
      const change = data?.networkTreeChanged as Record<string, { cidr: string } | undefined> | undefined;
      return (change?.after ?? change?.before)?.cidr;
    });
  const client = socketClient(url, `network:read@network/${root.id}`);
  const first = subscribeOver(client, inside);
  await first.reach(1);
  await add('10.1.0.0/16');
  const [, created] = await first.reach(2);
  first.stop();
  await add('11.0.0.0/8');
  const gone = await add('10.1.2.0/24');
  await deleteNetwork(ctx, { by: key(gone) });
  const again = subscribeOver(client, inside, { after: created?.extensions?.cursor });
  await again.reach(3);
  expect(told(again.items)).toEqual(['10.1.2.0/24', '10.1.2.0/24']);
  const stranger = socketClient(url, `network:read@network/${gone.id}`);
  expect(await subscribeOver(stranger, inside).ended).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  await Promise.all([client.dispose(), stranger.dispose()]);
});
