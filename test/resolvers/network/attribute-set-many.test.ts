import { afterAll, beforeAll, expect, test } from 'vitest';
import { ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createAttributes } from '#resolvers/network/attributes/create.ts';
import { type SetMany, setAttributeValues } from '#resolvers/network/attributes/set-many.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { createDevices } from '#resolvers/network/devices/create.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
let site: Site;
let devices: Device[];
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

async function fixture(): Promise<void> {
  site = await net.site();
  const at = { site: { id: site.id } };
  await createAttributes(net.all, [
    { ...at, resource: 'DEVICE', name: 'owner', constraints: { validValues: ['noc', 'lab'] } },
    { ...at, resource: 'DEVICE', name: 'role', required: true },
    { ...at, resource: 'DEVICE', name: 'tags', multi: true },
    { ...at, resource: 'NETWORK', name: 'owner' },
  ]);
  devices = await createDevices(net.all, [
    { ...at, hostname: 'a', attributes: { role: 'spine', owner: 'noc', tags: ['x'] } },
    { ...at, hostname: 'b', attributes: { role: 'spine', owner: 'lab', tags: ['x', 'y'] } },
    { ...at, hostname: 'c', attributes: { role: 'leaf' } },
  ]);
}

const ids = () => devices.map(({ id }) => toGlobalId('Device', id));
const setMany = (input: Omit<SetMany, 'resource'>, ctx = net.all) =>
  setAttributeValues(ctx, { site: { id: site.id }, resource: 'DEVICE', ...input });
const carried = () =>
  attributesOf(
    net.all,
    devices.map(({ id }) => id),
  );
const updates = async () => (await net.events(site, 'network.device.updated')).length;
const faultsOf = async (work: Promise<unknown>) => {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).fields.map(({ path, message }) => [path.join('.'), message]);
};

test('sets, adds and removes for all, and leaves what is not named', async () => {
  await fixture();
  const changed = await setMany({ select: { ids: ids() }, set: { owner: 'noc' }, add: { tags: ['y', 'z'] } });
  expect(changed.map(({ type, row }) => [type, row.id])).toEqual(devices.map(({ id }) => ['Device', id]));
  expect(await carried()).toEqual([
    { role: 'spine', owner: 'noc', tags: ['x', 'y', 'z'] },
    { role: 'spine', owner: 'noc', tags: ['x', 'y', 'z'] },
    { role: 'leaf', owner: 'noc', tags: ['y', 'z'] },
  ]);
  await setMany({ select: { ids: ids().slice(0, 2) }, remove: ['tags', 'owner'] });
  expect(await carried()).toEqual([
    { role: 'spine' },
    { role: 'spine' },
    { role: 'leaf', owner: 'noc', tags: ['y', 'z'] },
  ]);
});

test('changes what a set query chooses, and tells of what changed alone', async () => {
  await fixture();
  expect(await setMany({ select: { query: 'role=spine' }, set: { owner: 'lab' } })).toHaveLength(2);
  expect((await carried()).map(({ owner }) => owner)).toEqual(['lab', 'lab', undefined]);
  expect(await updates()).toBe(1);
  expect(await setMany({ select: { query: 'owner=noc' }, set: { owner: 'lab' } })).toEqual([]);
  expect(await setMany({ select: { query: 'role=spine' }, add: { tags: 'x' } })).toHaveLength(2);
  expect(await updates()).toBe(1);
});

test('is done for all or for none, and names the part of the input that is wrong', async () => {
  await fixture();
  const before = await carried();
  const everything = { select: { ids: ids() } };
  expect(await faultsOf(setMany({ ...everything, set: { owner: 'sales' } }))).toEqual([
    ['set.owner', "Attribute value 'sales' for 'owner' not a valid value: noc, lab"],
  ]);
  expect(await faultsOf(setMany({ ...everything, add: { role: 'x' } }))).toEqual([
    ['add.role', 'Attribute values must be a string type'],
  ]);
  expect(await faultsOf(setMany({ ...everything, remove: ['role'] }))).toEqual([
    ['remove', 'Missing required attributes: role'],
  ]);
  expect(await faultsOf(setMany({ ...everything, remove: ['owner', 'nope'] }))).toEqual([
    ['remove.1', 'Attribute name (nope) does not exist.'],
  ]);
  expect(await faultsOf(setMany({ ...everything, set: { owner: 'noc' }, remove: ['owner'] }))).toEqual([
    ['remove.0', 'owner is to be set as well.'],
  ]);
  const twice = [...ids(), ids()[1] as string];
  expect((await faultsOf(setMany({ select: { ids: twice }, set: { owner: 'noc' } })))[0]?.[0]).toBe('select.ids.3');
  const lost = setMany({ select: { ids: [...ids(), 'none'] }, set: { owner: 'noc' } });
  await expect(lost).rejects.toThrow(NotFoundError);
  await expect(lost).rejects.toMatchObject({ path: ['select', 'ids', '3'] });
  expect(await faultsOf(setMany({ select: { query: 'fake=1' }, set: { owner: 'noc' } }))).toEqual([
    ['select.query', "Attribute matching query does not exist: 'fake'"],
  ]);
  expect(await carried()).toEqual(before);
  expect(await updates()).toBe(0);
});

test('names the query that fits several sites', async () => {
  await fixture();
  await createAttributes(net.all, [{ site: { id: (await net.site()).id }, resource: 'DEVICE', name: 'owner' }]);
  await expect(setMany({ site: null, select: { query: 'owner=noc' }, set: { owner: 'lab' } })).rejects.toMatchObject({
    code: 'AMBIGUOUS',
    path: ['select', 'query'],
  });
});

test('needs the right to update each of them', async () => {
  await fixture();
  const seer = net.as(`network:read@site/${site.id}`, `network:update@device/${devices[0]?.id}`);
  await expect(setMany({ select: { ids: ids() }, set: { owner: 'lab' } }, seer)).rejects.toThrow(ForbiddenError);
  await setMany({ select: { ids: ids().slice(0, 1) }, set: { owner: 'lab' } }, seer);
  expect((await carried())[0]).toMatchObject({ owner: 'lab' });
});

test('adds of many callers at once are all there', async () => {
  await fixture();
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => setMany({ select: { ids: ids().slice(2) }, add: { tags: `t${n}` } })),
  );
  expect((await carried())[2]?.tags).toHaveLength(10);
});

test('is done over GraphQL, and gives the things as what they are', async () => {
  await fixture();
  await createNetworks(net.all, [{ site: { id: site.id }, cidr: '10.0.0.0/8', attributes: { owner: 'noc' } }]);
  const document = `mutation ($site: SiteKey!) {
    attributeValueSetMany(input: { site: $site, resource: NETWORK, select: { query: "owner=noc" }, set: { owner: "lab" } }) {
      ... on AttributeValueSetManySuccess { resources { __typename naturalKey attributes attribute(name: "owner") } }
      ... on InputError { message }
    }
  }`;
  const answer = await net.gateway.execute({ document, variables: { site: { id: site.id } } });
  expect(answer).toEqual({
    data: {
      attributeValueSetMany: {
        resources: [
          { __typename: 'Network', naturalKey: '10.0.0.0/8', attributes: { owner: 'lab' }, attribute: ['lab'] },
        ],
      },
    },
  });
});
