import { describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import {
  type CollectionManagementService,
  type DiscoveryService,
  type ServiceFilter,
  serviceStore,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';
import { request } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { anInbox, aPoll } from './taxii1-support.ts';

const { acceptAllContent, destinationCollectionRequired, supportedContent, ...common } = anInbox('x');

const aDiscovery = (serviceId: string): DiscoveryService => ({
  ...common,
  id: newId(),
  kind: 'DISCOVERY',
  serviceId,
  address: 'https://elsewhere.example/discovery',
  advertisedServices: ['poll', 'not one', 'inbox'],
});

const aManagement = (serviceId: string): CollectionManagementService => ({
  ...common,
  id: newId(),
  kind: 'COLLECTION_MANAGEMENT',
  serviceId,
  address: `/services/${serviceId}`,
  subscriptionSupported: true,
  subscriptionMessage: 'Be "welcome".',
});

/** What every storage of services holds. */
export function serviceContract(name: string, open: OpenStorage): void {
  describe(`services in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(serviceStore);
    const list = async (filter: ServiceFilter, page = {}) =>
      (await store().page({ filter, page: request(page) })).items.map(({ node }) => node.serviceId);

    test('gives back services of each kind as they were inserted, by id, service id and path', async () => {
      const inbox = anInbox('inbox', {
        description: 'Takes all.',
        protocolBindings: ['urn:taxii.mitre.org:protocol:https:1.0', 'urn:taxii.mitre.org:protocol:http:1.0'],
        supportedContent: [{ binding: 'urn:x', subtypes: ['a'] }],
        authenticationRequired: true,
        baseUrl: 'taxii.example:8443',
        updatedAt: '2026-03-02T00:00:00.000001Z',
      });
      const services: TaxiiService[] = [inbox, aPoll('poll'), aDiscovery('discovery'), aManagement('management')];
      expect(await store().insertMany(services)).toEqual(services);
      expect(await store().getMany([...services.map(({ id }) => id), newId(), 'x'])).toEqual([...services, null, null]);
      expect(await store().getByServiceId(['poll', 'POLL', '\u0000'])).toEqual([services[1], null, null]);
      const paths = ['/services/inbox', '/services/discovery', 'https://elsewhere.example/discovery', '\ud800'];
      expect(await store().getByPath(paths)).toEqual([inbox, null, null, null]);
      expect((await store().allIds()).sort()).toEqual(services.map(({ id }) => id).sort());
    });

    test('refuses a taken service id or path, and takes an address elsewhere twice', async () => {
      await store().insertMany([anInbox('one')]);
      const fresh = [
        anInbox('one', { address: '/services/new' }),
        anInbox('two', { address: '/services/one' }),
        aDiscovery('three'),
        aDiscovery('four'),
        aPoll('five', { address: '/services/five' }),
        aPoll('six', { address: '/services/five' }),
      ];
      const made = await store().insertMany(fresh);
      expect(made.map((service) => service !== null)).toEqual([false, false, true, true, true, false]);
    });

    test('gives one of twenty racing callers the path', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store().insertMany([anInbox(`inbox-${index}`, { address: '/services/inbox' })]),
        ),
      );
      expect(answers.filter(([made]) => made)).toHaveLength(1);
    });

    test('writes what can change, lets services swap ids and paths, and says what is taken', async () => {
      const [one, two, three] = [anInbox('one'), anInbox('two'), aPoll('three')];
      await store().insertMany([one, two, three]);
      const changed: TaxiiService = {
        ...one,
        serviceId: 'new',
        address: 'http://x.example/',
        description: 'd',
        protocolBindings: ['urn:taxii.mitre.org:protocol:http:1.0'],
        available: false,
        authenticationRequired: true,
        baseUrl: 'b.example',
        acceptAllContent: true,
        destinationCollectionRequired: true,
        supportedContent: [{ binding: 'urn:x', subtypes: [] }],
        updatedAt: '2026-03-05T00:00:00.000009Z',
      };
      expect(await store().updateMany([{ ...changed, createdAt: '2020-01-01T00:00:00.000000Z' }])).toEqual([]);
      expect(await store().getMany([one.id])).toEqual([changed]);
      expect(await store().getByPath(['/services/one'])).toEqual([null]);
      const swapped = [
        { ...two, serviceId: 'three', address: '/services/three' },
        { ...three, serviceId: 'two', address: '/services/two' },
      ];
      expect(await store().updateMany(swapped)).toEqual([]);
      expect(await store().getByServiceId(['two', 'three'])).toEqual([swapped[1], swapped[0]]);
      const attempt = (service: TaxiiService) =>
        storage.atomically(async (use) => {
          const taken = await use(serviceStore).updateMany([service]);
          throw new Error(taken.map(({ id }) => id).join());
        });
      await expect(attempt({ ...changed, serviceId: 'two' })).rejects.toThrow(one.id);
      await expect(attempt({ ...changed, address: '/services/two' })).rejects.toThrow(one.id);
    });

    test('pages by service id, by kind, among given ones, and the open ones', async () => {
      const inbox = anInbox('b', { authenticationRequired: true });
      await store().insertMany([inbox, anInbox('a'), aPoll('C'), aDiscovery('d')]);
      expect(await list({})).toEqual(['C', 'a', 'b', 'd']);
      expect(await list({ kind: 'INBOX' })).toEqual(['a', 'b']);
      expect(await list({ openOnly: true })).toEqual(['C', 'a', 'd']);
      expect(await list({ ids: [inbox.id, newId()] })).toEqual(['b']);
      expect(await list({ ids: [inbox.id], openOnly: true })).toEqual([]);
      expect(await list({}, { limit: 2, after: ['C'] })).toEqual(['a', 'b']);
      expect(await list({}, { limit: 1, direction: 'backward', before: ['b'] })).toEqual(['a']);
      const page = await store().page({ filter: { kind: 'INBOX' }, page: request({ limit: 1 }) });
      expect([page.hasNextPage, await page.count()]).toEqual([true, 2]);
      await expect(async () => list({}, { after: [] })).rejects.toThrow(InputError);
    });

    test('deletes, and gives service id and path free', async () => {
      const one = anInbox('one');
      await store().insertMany([one]);
      await store().deleteMany([one.id, newId()]);
      expect(await store().getMany([one.id])).toEqual([null]);
      expect(await store().insertMany([one])).toEqual([one]);
    });

    test('keeps a held service from being locked until the holder ends', async () => {
      const one = anInbox('one');
      await store().insertMany([one]);
      const order: string[] = [];
      let holding = () => {};
      const held = new Promise<void>((resolve) => {
        holding = resolve;
      });
      const holder = storage.atomically(async (use) => {
        expect(await use(serviceStore).hold([one.id])).toEqual([one]);
        holding();
        await new Promise((resolve) => setTimeout(resolve, 150));
        order.push('holder ends');
      });
      await held;
      const taker = storage.atomically(async (use) => {
        expect(await use(serviceStore).lock([one.id])).toEqual([one]);
        order.push('taker has it');
      });
      await Promise.all([holder, taker]);
      expect(order).toEqual(['holder ends', 'taker has it']);
    });
  });
}
