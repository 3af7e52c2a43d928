import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import { updateDataCollection } from '#resolvers/threat/data-collections/update.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { deleteService } from '#resolvers/threat/services/delete.ts';
import { socketClient, subscribeOver } from '../support/clients.ts';
import { type Identity, openIdentity } from '../support/identity.ts';

let id: Identity;
let url: string;
beforeAll(async () => {
  id = await openIdentity({ http: { port: 0 } }, [storageMemory, threat]);
  url = await id.gateway.listen();
});
afterAll(() => id.gateway.dispose());

const stream = `subscription ($names: [String!]) { events(filter: { names: $names }, hello: true) {
  __typename
  ... on TaxiiServiceCreated { changed taxiiService { __typename serviceId } }
  ... on TaxiiServiceDeleted { taxiiService { serviceId } }
  ... on DataCollectionCreated { dataCollection { name } }
  ... on DataCollectionUpdated { changed dataCollection { name } }
  ... on DataCollectionDeleted { data }
} }`;

const items = (watched: ReturnType<typeof subscribeOver>) =>
  watched.items.slice(1).map(({ data }) => data?.events as Record<string, unknown>);

test('a grant by the name of a data collection shows what becomes of it, and of no other', async () => {
  const one = await createDataCollection(id.system, { name: 'one' });
  await createDataCollection(id.system, { name: 'other' });
  const readerOf = (name: string) => id.person([`threat:read@dataCollection/${name}`, 'event:read']);
  const clients = [await readerOf('one'), await readerOf('other')].map(({ key }) => socketClient(url, key));
  const [seen, unseen] = clients.map((client) => subscribeOver(client, stream, { names: ['threat.dataCollection.*'] }));
  if (!seen || !unseen) throw new Error('Two streams were opened.');
  await Promise.all([seen.reach(1), unseen.reach(1)]);
  await updateDataCollection(id.system, { by: { name: 'other' }, description: 'x' });
  await updateDataCollection(id.system, { by: { name: 'one' }, name: 'renamed' });
  await deleteDataCollection(id.system, { by: { taxiiId: one.taxiiId } });
  await Promise.all([seen.reach(3), unseen.reach(2)]);
  await sleep(50);
  expect(items(seen)).toEqual([
    { __typename: 'DataCollectionUpdated', changed: ['name'], dataCollection: null },
    {
      __typename: 'DataCollectionDeleted',
      data: expect.objectContaining({ dataCollection: expect.objectContaining({ name: 'renamed' }) }),
    },
  ]);
  expect(items(unseen)).toEqual([
    { __typename: 'DataCollectionUpdated', changed: ['description'], dataCollection: { name: 'other' } },
  ]);
  await Promise.all(clients.map((client) => client.dispose()));
});

test('what becomes of services is told to administrators of the domain alone, with a link to the service', async () => {
  const [admin, reader] = [
    await id.person(['threat:admin', 'event:read']),
    await id.person(['threat:read', 'event:read']),
  ];
  const clients = [admin, reader].map(({ key }) => socketClient(url, key));
  const [seen, unseen] = clients.map((client) => subscribeOver(client, stream, { names: ['threat.*'] }));
  if (!seen || !unseen) throw new Error('Two streams were opened.');
  await Promise.all([seen.reach(1), unseen.reach(1)]);
  await createService(id.system, { serviceId: 'watched', address: '/services/watched', kind: { poll: {} } });
  await seen.reach(2);
  await deleteService(id.system, { by: { serviceId: 'watched' } });
  await seen.reach(3);
  await sleep(50);
  expect(items(seen)).toEqual([
    {
      __typename: 'TaxiiServiceCreated',
      changed: [],
      taxiiService: { __typename: 'PollService', serviceId: 'watched' },
    },
    { __typename: 'TaxiiServiceDeleted', taxiiService: null },
  ]);
  expect(items(unseen)).toEqual([]);
  await Promise.all(clients.map((client) => client.dispose()));
});
