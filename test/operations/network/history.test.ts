import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventLog } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
let url: string;
beforeAll(async () => {
  net = await openNetwork('memory');
  url = await net.gateway.listen();
});
afterAll(() => net.gateway.dispose());

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
async function ask(document: string, variables: Record<string, unknown> = {}): Promise<Record<string, any>> {
  while ((await net.all.use(eventLog).number(1000)) > 0);
  const answer = await net.gateway.execute({ document, variables });
  expect(answer.errors).toBeUndefined();
  return JSON.parse(JSON.stringify(answer.data));
}

test('a change is read in lists, beside its thing and its Site, by id and as a node', async () => {
  const site = await net.site();
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  await createNetwork(net.all, { site: { id: site.id }, cidr: '10.0.0.0/8' });
  await updateDevice(net.all, { by: { id: device.id }, hostname: 'b' });
  const whole = `id cursor action resource naturalKey targetId occurredAt actor { name } site { name }
    target { __typename ... on Device { hostname } ... on Network { cidr } } before after
    diff { text fields { path before after } }`;
  const { changes } = await ask(
    `query ($site: SiteKey) { changes(site: $site, first: 2) { totalCount nodes { ${whole} } pageInfo { hasNextPage endCursor } } }`,
    { site: { id: site.id } },
  );
  expect(changes).toMatchObject({
    totalCount: 4,
    nodes: [
      {
        action: 'UPDATED',
        resource: 'DEVICE',
        naturalKey: 'b',
        targetId: toGlobalId('Device', device.id),
        actor: { name: 'system' },
        site: { name: site.name },
        target: { __typename: 'Device', hostname: 'b' },
        before: { hostname: 'a' },
        after: { hostname: 'b' },
        diff: { fields: [{ path: 'hostname', before: 'a', after: 'b' }] },
      },
      {
        action: 'CREATED',
        resource: 'NETWORK',
        naturalKey: '10.0.0.0/8',
        before: null,
        target: { cidr: '10.0.0.0/8' },
      },
    ],
    pageInfo: { hasNextPage: true, endCursor: changes.nodes[1].cursor },
  });
  const [updated] = changes.nodes;
  const found = await ask(
    `query ($id: ID!, $event: ID!) { change(id: $id) { ${whole} } node(id: $id) { __typename ... on Change { ${whole} } }
      event: node(id: $event) { __typename ... on DeviceUpdated { before } } }`,
    { id: updated.id, event: toGlobalId('DeviceUpdated', rowOf(updated.id)) },
  );
  expect(found).toEqual({
    change: updated,
    node: { __typename: 'Change', ...updated },
    event: { __typename: 'DeviceUpdated', before: updated.before },
  });
  const beside = await ask(
    `query ($id: ID!, $site: SiteKey!) {
      node(id: $id) { ... on NetworkResource { changes { nodes { naturalKey } } } }
      site(by: $site) {
        devices { nodes { changes(filter: { action: CREATED }) { totalCount nodes { naturalKey } } } }
        networks { nodes { changes { totalCount } } }
        changes(last: 1) { nodes { resource } }
        rest: changes(first: 1, after: "${updated.cursor}") { nodes { resource } }
      }
    }`,
    { id: toGlobalId('Device', device.id), site: { id: site.id } },
  );
  expect(beside).toEqual({
    node: { changes: { nodes: [{ naturalKey: 'b' }, { naturalKey: 'a' }] } },
    site: {
      devices: { nodes: [{ changes: { totalCount: 1, nodes: [{ naturalKey: 'a' }] } }] },
      networks: { nodes: [{ changes: { totalCount: 1 } }] },
      changes: { nodes: [{ resource: 'SITE' }] },
      rest: { nodes: [{ resource: 'NETWORK' }] },
    },
  });
  await deleteDevice(net.all, { by: { id: device.id } });
  const { change } = await ask(`query ($id: ID!) { change(id: $id) { ${whole} } }`, { id: updated.id });
  expect(change).toEqual({ ...updated, target: null });
});

test('changes come live, to those who may read the thing, as the same nodes that lists have', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const document = (filter: string) => `subscription { changes(filter: ${filter}, hello: true) { __typename
    ... on LiveItem { cursor } ... on Change { id action naturalKey diff { text } target { id } } } }`;
  const clients = ['network:read', `network:read@site/${other.id}`].map((rights) => socketClient(url, rights));
  const [mine, scoped] = clients.map((client) =>
    subscribeOver(client, document('{ resources: [DEVICE], actions: [CREATED, DELETED] }'), {}),
  );
  if (!mine || !scoped) throw new Error('No streams.');
  await Promise.all([mine.reach(1), scoped.reach(1)]);
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  await updateDevice(net.all, { by: { id: device.id }, hostname: 'b' });
  await deleteDevice(net.all, { by: { id: device.id } });
  await createDevice(net.all, { site: { id: other.id }, hostname: 'c' });
  await Promise.all([mine.reach(4), scoped.reach(2)]);
  const shown = (stream: typeof mine) =>
    stream.items.slice(1).map(({ data }) => {
      const item = data?.changes as Record<string, string> | undefined;
      return [item?.__typename, item?.action, item?.naturalKey].join(' ');
    });
  expect(shown(mine)).toEqual(['Change CREATED a', 'Change DELETED b', 'Change CREATED c']);
  expect(shown(scoped)).toEqual(['Change CREATED c']);
  const item = mine.items[1]?.data?.changes as { id: string; cursor: string; diff: object };
  const { change } = await ask('query ($id: ID!) { change(id: $id) { id cursor diff { text } } }', { id: item.id });
  expect(change).toEqual({ id: item.id, cursor: item.cursor, diff: item.diff });
  for (const client of clients) await client.dispose();
});

const rowOf = (id: string): string => Buffer.from(id, 'base64url').toString().split(':')[1] ?? '';
