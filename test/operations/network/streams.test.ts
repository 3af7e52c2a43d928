import { afterAll, beforeAll, expect, test } from 'vitest';
import { toGlobalId } from '#kernel/id.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { updateNetwork } from '#resolvers/network/networks/update.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { updateSite } from '#resolvers/network/sites/update.ts';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
let url: string;
beforeAll(async () => {
  net = await openNetwork('memory');
  url = await net.gateway.listen();
});
afterAll(() => net.gateway.dispose());

/** Subscribes, and waits until the stream stands. */
async function watch(field: string, variables: Record<string, unknown>, ...permissions: string[]) {
  const client = socketClient(url, permissions.join(' '));
  const [name = ''] = field.split('(');
  const types = name.startsWith('device') ? 'Device' : name.startsWith('site') ? 'Site' : 'Network';
  const noun = types.toLowerCase();
  const key = { Device: 'hostname', Site: 'name', Network: 'cidr' }[types];
  const declared = Object.keys(variables)
    .map((key) => `$${key}: ${key === 'ids' ? '[ID!]' : key === 'root' ? 'NetworkKey!' : 'SiteKey'}`)
    .join(', ');
  const given = Object.keys(variables)
    .map((key) => `${key}: $${key}`)
    .join(', ');
  const stream = subscribeOver(
    client,
    `subscription ${declared ? `(${declared})` : ''} { ${name}(${given ? `${given}, ` : ''}hello: true) { __typename
      ... on ${types}Created { after ${noun} { ${key} } }
      ... on ${types}Updated { before after ${noun} { ${key} } }
      ... on ${types}Deleted { before ${noun} { ${key} } }
      ... on Event { subjectId actor { name } occurredAt } } }`,
    variables,
  );
  await Promise.race([stream.reach(1), stream.ended.then((how) => Promise.reject(how))]);
  return {
    /** What came, as type and natural key. */
    async items(count: number): Promise<string[]> {
      await stream.reach(count + 1);
      return stream.items.slice(1).map(({ data, errors }) => {
        expect(errors).toBeUndefined();
        const item = data?.[name] as {
          __typename: string;
          before?: Record<string, string>;
          after?: Record<string, string>;
        };
        return `${item.__typename} ${(item.after ?? item.before)?.[key]}`;
      });
    },
    raw: stream.items,
    close: () => client.dispose(),
  };
}

const add = (site: Site, cidr: string) => createNetwork(net.all, { site: { id: site.id }, cidr });

test('the changes of devices come in order, with before and after, to those who may read them', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const mine = await watch('deviceChanged', { site: { id: site.id } }, 'network:read');
  const scoped = await watch('deviceChanged', {}, `network:read@site/${other.id}`);
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  await createDevice(net.all, { site: { id: other.id }, hostname: 'x' });
  await updateDevice(net.all, { by: { id: device.id }, hostname: 'b' });
  await updateDevice(net.all, { by: { id: device.id }, hostname: 'b' });
  await deleteDevice(net.all, { by: { id: device.id } });
  expect(await mine.items(3)).toEqual(['DeviceCreated a', 'DeviceUpdated b', 'DeviceDeleted b']);
  expect(mine.raw[2]?.data?.deviceChanged).toMatchObject({
    before: { hostname: 'a' },
    after: { hostname: 'b' },
    subjectId: toGlobalId('Device', device.id),
    actor: { name: 'system' },
  });
  expect(await scoped.items(1)).toEqual(['DeviceCreated x']);
  await Promise.all([mine.close(), scoped.close()]);
});

test('a stream of some ids holds nothing else', async () => {
  const site = await net.site();
  const [one, other] = [await add(site, '10.0.0.0/8'), await add(site, '11.0.0.0/8')];
  const stream = await watch('networkChanged', { ids: [toGlobalId('Network', other.id), 'nonsense'] }, 'network:read');
  await updateNetwork(net.all, { by: { id: one.id }, state: 'RESERVED' });
  await updateNetwork(net.all, { by: { id: other.id }, state: 'RESERVED' });
  expect(await stream.items(1)).toEqual(['NetworkUpdated 11.0.0.0/8']);
  await stream.close();
});

test('a stream of a tree holds the network and all that lies in it, deleted ones too', async () => {
  const site = await net.site();
  const root = await add(site, '10.0.0.0/8');
  const stream = await watch(
    'networkTreeChanged',
    { site: { id: site.id }, root: { cidr: '10.0.0.0/8' } },
    'network:read',
  );
  await add(site, '11.0.0.0/8');
  const inside = await add(site, '10.1.0.0/16');
  await updateNetwork(net.all, { by: { id: root.id }, state: 'RESERVED' });
  await add(site, '0.0.0.0/0');
  await add(site, '10.1.0.1');
  await deleteNetwork(net.all, { by: { id: inside.id }, force: true });
  expect(await stream.items(4)).toEqual([
    'NetworkCreated 10.1.0.0/16',
    'NetworkUpdated 10.0.0.0/8',
    'NetworkCreated 10.1.0.1/32',
    'NetworkDeleted 10.1.0.0/16',
  ]);
  await stream.close();
});

test('a grant on a network gives its whole tree to a stream, and nothing beside it', async () => {
  const site = await net.site();
  const root = await add(site, '10.0.0.0/8');
  const stream = await watch('networkChanged', {}, `network:read@network/${root.id}`);
  await add(site, '11.0.0.0/8');
  await add(site, '10.1.0.0/16');
  await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  await add(site, '10.1.0.7');
  expect(await stream.items(2)).toEqual(['NetworkCreated 10.1.0.0/16', 'NetworkCreated 10.1.0.7/32']);
  await stream.close();
});

test('a stream of a Site holds its own changes', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const stream = await watch('siteChanged', { site: { id: site.id } }, 'network:read');
  await updateSite(net.all, { by: { id: other.id }, name: 'another one' });
  await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  await updateSite(net.all, { by: { id: site.id }, name: 'this one' });
  expect(await stream.items(1)).toEqual(['SiteUpdated this one']);
  await stream.close();
});

test('who could never see anything, or names what he may not read, is told so', async () => {
  const site = await net.site();
  await add(site, '10.0.0.0/8');
  const code = (how: unknown) => (how as { extensions?: { code: string } }[])[0]?.extensions?.code;
  const refused = (field: string, variables: Record<string, unknown>, permission: string) =>
    watch(field, variables, permission).then(
      () => 'stands',
      (how) => code(how),
    );
  expect(await refused('deviceChanged', {}, 'event:read')).toBe('FORBIDDEN');
  expect(await refused('deviceChanged', { site: { name: 'nowhere' } }, 'network:read')).toBe('BAD_USER_INPUT');
  expect(await refused('deviceChanged', { site: { id: site.id } }, `network:read@device/${site.id}`)).toBe(
    'BAD_USER_INPUT',
  );
  expect(await refused('networkTreeChanged', { root: { cidr: '172.16.0.0/12' } }, 'network:read')).toBe('NOT_FOUND');
  expect(await refused('networkTreeChanged', { root: { cidr: '172.16.0.1/12' } }, 'network:read')).toBe(
    'BAD_USER_INPUT',
  );
});
