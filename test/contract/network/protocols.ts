import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { protocolStore, type SealedProtocol } from '#resolvers/network/protocols/protocol.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aProtocol, query, sees } from './support.ts';

const unsealed = ({ sealed: _, ...protocol }: SealedProtocol) => protocol;

/** What every storage of protocols holds. */
export function protocolContract(name: string, open: OpenStorage): void {
  describe(`protocols in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(protocolStore);
    const [here, there] = [newId(), newId()];

    test('gives back what was inserted, and what is sealed only where it is asked for', async () => {
      const [one, other] = [aProtocol(here, { sealed: 'v1.x', authStringRevision: 1 }), aProtocol(here)];
      await store().insertMany([one, other]);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([
        unsealed(other),
        null,
        null,
        unsealed(one),
      ]);
      expect(await store().sealedOf([newId(), one.id, other.id])).toEqual([null, 'v1.x', null]);
      expect(await store().lock([one.id, newId()])).toEqual([one, null]);
      const [page] = await store().pages([{ kind: 'all' }], query());
      expect(JSON.stringify(page)).not.toContain('v1.x');
    });

    test('writes all that can change, and deletes', async () => {
      const one = aProtocol(here, { sealed: 'v1.x' });
      await store().insertMany([one]);
      const after: SealedProtocol = {
        ...one,
        typeId: newId(),
        deviceId: newId(),
        interfaceId: newId(),
        circuitId: newId(),
        description: 'x',
        sealed: null,
        hasAuthString: false,
        authStringRevision: 2,
        updatedAt: '2026-03-02T00:00:00.000000Z',
      };
      await store().updateMany([after, aProtocol(here)]);
      expect(await store().lock([one.id])).toEqual([after]);
      expect(await store().count([{ kind: 'all' }], query())).toEqual([1]);
      await store().deleteMany([one.id, newId()]);
      expect(await store().getMany([one.id])).toEqual([null]);
    });

    test('pages and counts by Site, type, device, interface and circuit, in one read each', async () => {
      const parts = { typeId: newId(), deviceId: newId(), interfaceId: newId(), circuitId: newId() };
      const [one, other] = [aProtocol(here, parts), aProtocol(there, { deviceId: parts.deviceId, description: 'x' })];
      await store().insertMany([one, other]);
      const ids = async (scopes: Parameters<ReturnType<typeof store>['pages']>[0], given = {}) =>
        (await store().pages(scopes, query(given))).map((page) => page.items.map(({ node }) => node.id));
      const devices = [
        { kind: 'device', id: parts.deviceId },
        { kind: 'device', id: newId() },
      ] as const;
      const statements = await storage.countStatements(async () => {
        expect(await ids(devices)).toEqual([[one.id, other.id], []]);
      });
      expect(statements ?? 1).toBe(1);
      const scopes = [
        { kind: 'site', id: there },
        { kind: 'type', id: parts.typeId },
        { kind: 'interface', id: parts.interfaceId },
        { kind: 'circuit', id: parts.circuitId },
      ] as const;
      expect(await ids(scopes)).toEqual([[other.id], [one.id], [one.id], [one.id]]);
      expect(await store().count([...scopes, ...devices, { kind: 'all' }], query())).toEqual([1, 1, 1, 1, 2, 0, 2]);
      const all = [{ kind: 'all' }] as const;
      expect(await ids(all, { order: { by: 'NATURAL', direction: 'DESC' } })).toEqual([[other.id, one.id]]);
      for (const filter of [
        { typeIds: [parts.typeId] },
        { interfaceIds: [parts.interfaceId] },
        { circuitIds: [parts.circuitId] },
        { deviceIds: [parts.deviceId], description: '' },
      ])
        expect(await ids(all, { filter })).toEqual([[one.id]]);
      expect(await ids(all, { filter: { circuitIds: [] } })).toEqual([[]]);
    });

    test('locks everything within scopes, each once, in order of creation', async () => {
      const [deviceId, circuitId] = [newId(), newId()];
      const protocols = [
        aProtocol(here, { deviceId }),
        aProtocol(here, { deviceId, circuitId }),
        aProtocol(here, { circuitId }),
        aProtocol(here),
      ];
      await store().insertMany(protocols);
      const within = await store().lockWithin([
        { kind: 'circuit', id: circuitId },
        { kind: 'device', id: deviceId },
        { kind: 'interface', id: newId() },
      ]);
      expect(within).toEqual(protocols.slice(0, 3).map(unsealed));
      expect(await store().lockWithin([])).toEqual([]);
      const ofDevice = protocols.filter((protocol) => protocol.deviceId === deviceId).map(unsealed);
      expect(await store().ofDevices([newId(), deviceId, 'no id'])).toEqual(ofDevice);
    });

    test('shows a protocol by a grant on its device, its Site, its kind, or its kind in its Site', async () => {
      const [one, other] = [aProtocol(here), aProtocol(there)];
      await store().insertMany([one, other]);
      const ids = async (...grants: [string, string][]) =>
        (await store().pages([{ kind: 'all' }], query({ visibility: sees(...grants) })))[0]?.items.map(
          ({ node }) => node.id,
        );
      expect(await ids(['device', one.deviceId])).toEqual([one.id]);
      expect(await ids(['site', there])).toEqual([other.id]);
      expect(await ids(['site', `${here}/protocol`])).toEqual([one.id]);
      expect(await ids(['site', `${here}/protocolType`])).toEqual([]);
      expect(await ids(['kind', 'protocol'])).toEqual([one.id, other.id]);
      expect(await ids(['device', one.id])).toEqual([]);
    });
  });
}
