import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConflictError, ForbiddenError, InputError, InUseError } from '#kernel/errors.ts';
import { createAttribute, createAttributes } from '#resolvers/network/attributes/create.ts';
import { deleteAttribute } from '#resolvers/network/attributes/delete.ts';
import { countUsage, findAttribute, listAttributes } from '#resolvers/network/attributes/find.ts';
import { listValues } from '#resolvers/network/attributes/list-values.ts';
import { replaceAttribute, updateAttribute } from '#resolvers/network/attributes/update.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { replaceDevice, updateDevice, updateDevices } from '#resolvers/network/devices/update.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

const define = (site: Site, name: string, rules: object = {}) =>
  createAttribute(net.all, { site: { id: site.id }, resource: 'DEVICE', name, ...rules });
const carried = async ({ id }: Device) => (await attributesOf(net.all, [id]))[0];
const faultsOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).fields.map(({ path, message }) => [path.join('.'), message]);
};

test('refuses names against the rules, and a second one for the same kind of things', async () => {
  const site = await net.site();
  for (const name of ['invalid attr1', 'Bad', '1a', 'a-b', '', 'a_regex', 'a'.repeat(65)])
    expect((await faultsOf(define(site, name)))[0]?.[0]).toBe('name');
  await define(site, 'attr1');
  await expect(define(site, 'attr1')).rejects.toThrow(ConflictError);
  const other = await createAttribute(net.all, { site: { id: site.id }, resource: 'NETWORK', name: 'attr1' });
  expect(other).toMatchObject({ resource: 'NETWORK', name: 'attr1', display: false, required: false });
  const by = { name: { resource: 'NETWORK', name: 'attr1' } } as const;
  expect(await findAttribute(net.all, { site: { id: site.id }, by })).toEqual(other);
});

test('displays what is required, and keeps that when it is not any more', async () => {
  const site = await net.site();
  const { id } = await define(site, 'attr1');
  expect(await updateAttribute(net.all, { by: { id }, required: true, display: false })).toMatchObject({
    required: true,
    display: true,
  });
  expect(await updateAttribute(net.all, { by: { id }, required: false })).toMatchObject({ display: true });
  const constraints = { pattern: 'a', validValues: ['ab'] };
  expect((await updateAttribute(net.all, { by: { id }, constraints })).constraints).toEqual({
    allowEmpty: false,
    pattern: 'a',
    validValues: ['ab'],
  });
  const cleared = await updateAttribute(net.all, { by: { id }, constraints: { allowEmpty: true } });
  expect(cleared.constraints).toEqual({ allowEmpty: true, pattern: '', validValues: [] });
  expect(await replaceAttribute(net.all, { by: { id } })).toMatchObject({
    display: false,
    constraints: { allowEmpty: false, pattern: '', validValues: [] },
  });
  expect((await net.events(site, 'network.attribute.*')).map(({ name }) => name)).toEqual([
    'network.attribute.created',
    ...Array.from({ length: 5 }, () => 'network.attribute.updated'),
  ]);
  await replaceAttribute(net.all, { by: { id } });
  expect(await net.events(site, 'network.attribute.*')).toHaveLength(6);
});

test('refuses expressions that are none, and values that are no texts, at the definition', async () => {
  const site = await net.site();
  for (const pattern of ['(?=a)', '(a)\\1', '(', 'a'.repeat(513)])
    expect((await faultsOf(define(site, 'a', { constraints: { pattern } })))[0]?.[0]).toBe('constraints.pattern');
  const validValues = [1] as unknown as string[];
  expect(await faultsOf(define(site, 'a', { constraints: { validValues } }))).toEqual([
    ['constraints.validValues.0', 'A valid value must be a text.'],
  ]);
  expect(await faultsOf(updateAttribute(net.all, { by: { id: 'x' }, description: null }))).toHaveLength(1);
});

test('demands what is required, all of it, and tells every fault at once', async () => {
  const site = await net.site();
  await define(site, 'required_2', { required: true });
  await define(site, 'required_1', { required: true });
  await define(site, 'plain');
  const create = (hostname: string, attributes?: unknown) =>
    createDevice(net.all, { site: { id: site.id }, hostname, attributes: attributes as never });
  expect(await faultsOf(create('a', {}))).toEqual([
    ['attributes', 'Missing required attributes: required_1, required_2'],
  ]);
  expect(await faultsOf(create('a'))).toHaveLength(1);
  expect(await faultsOf(create('a', { required_1: 'x', nope: 'value', plain: 0 }))).toEqual([
    ['attributes.nope', 'Attribute name (nope) does not exist.'],
    ['attributes', 'Missing required attributes: required_2'],
    ['attributes.plain', 'Attribute values must be a string type'],
  ]);
  for (const attributes of [null, [], 'text', 7])
    expect((await faultsOf(create('a', attributes)))[0]?.[0]).toBe('attributes');
  const device = await create('a', { required_2: 'y', required_1: 'x' });
  expect(await carried(device)).toEqual({ required_1: 'x', required_2: 'y' });
});

test('holds single and multi values to their forms', async () => {
  const site = await net.site();
  await define(site, 'tags', { multi: true });
  await define(site, 'single');
  await define(site, 'must', { multi: true });
  const { id } = await createDevice(net.all, { site: { id: site.id }, hostname: 'a' });
  const set = (attributes: object) => updateDevice(net.all, { by: { id }, attributes: attributes as never });
  const tags = ['test', 'testing', 'testtttt'];
  expect(await carried(await set({ tags }))).toEqual({ tags });
  expect(await carried(await set({ tags: ['b', 'a'] }))).toEqual({ tags: ['b', 'a'] });
  expect(await faultsOf(set({ tags: 'one' }))).toEqual([['attributes.tags', 'Attribute values must be a list type']]);
  expect(await faultsOf(set({ single: ['one'] }))).toEqual([
    ['attributes.single', 'Attribute values must be a string type'],
  ]);
  expect(await faultsOf(set({ tags: ['a', 'b', 'a'] }))).toEqual([
    ['attributes.tags', "Attribute tags holds the value 'a' twice."],
  ]);
  expect(await faultsOf(set({ tags: ['a', null] }))).toHaveLength(1);
  expect(await carried(await set({ tags: [], single: 'x' }))).toEqual({ single: 'x' });
  await updateAttribute(net.all, {
    site: { id: site.id },
    by: { name: { resource: 'DEVICE', name: 'must' } },
    required: true,
  });
  expect(await faultsOf(set({ must: [] }))).toEqual([['attributes', 'Missing required attributes: must']]);
});

test('holds values to emptiness, length, pattern and valid values', async () => {
  const site = await net.site();
  await define(site, 'digits', { constraints: { pattern: '\\d\\d\\d+' } });
  await define(site, 'vlan', { constraints: { validValues: ['300', '400'], pattern: '3' } });
  await define(site, 'end', { constraints: { pattern: 'a\\Z' } });
  await define(site, 'empty', { constraints: { allowEmpty: true } });
  const create = async (attributes: Record<string, string>) =>
    faultsOf(
      createDevice(net.all, { site: { id: site.id }, hostname: 'a', attributes }).then(async ({ id }) => {
        await deleteDevice(net.all, { by: { id } });
        throw InputError.at([], 'good');
      }),
    );
  const good = [['', 'good']];
  expect(await create({ digits: '100abc', vlan: '300', end: 'a', empty: '' })).toEqual(good);
  for (const digits of ['x100', '10']) expect(await create({ digits })).toHaveLength(1);
  expect(await create({ digits: '' })).toEqual([['attributes.digits', "Attribute digits doesn't allow empty values"]]);
  expect(await create({ empty: ' ' })).toEqual(good);
  expect(await create({ vlan: '400' })).toHaveLength(1);
  expect(await create({ vlan: '3' })).toHaveLength(1);
  expect(await create({ vlan: '500' })).toHaveLength(2);
  expect(await create({ end: 'a\n' })).not.toEqual(good);
  expect(await create({ empty: '😀'.repeat(255) })).toEqual(good);
  expect(await create({ empty: '😀'.repeat(256) })).toHaveLength(1);
  expect(await create({ empty: 'a\tb' })).toHaveLength(1);
});

test('answers in linear time whatever the expression', async () => {
  const site = await net.site();
  await define(site, 'slow', { constraints: { pattern: '(a+)+$' } });
  const start = performance.now();
  await faultsOf(
    createDevice(net.all, {
      site: { id: site.id },
      hostname: 'a',
      attributes: { slow: `${'a'.repeat(250)}b` },
    }),
  );
  expect(performance.now() - start).toBeLessThan(1000);
});

test('replaces the whole set, keeps it where none is given, and clears it', async () => {
  const site = await net.site();
  for (const name of ['attr1', 'attr2']) await define(site, name);
  const at = { site: { id: site.id } };
  const device = await createDevice(net.all, { ...at, hostname: 'a', attributes: { attr1: 'foo', attr2: 'bar' } });
  const by = { id: device.id };
  expect(await carried(await updateDevice(net.all, { by, hostname: 'bar' }))).toEqual({ attr1: 'foo', attr2: 'bar' });
  expect(await carried(await updateDevice(net.all, { by, attributes: { attr2: 'x' } }))).toEqual({ attr2: 'x' });
  expect(await carried(await replaceDevice(net.all, { by, hostname: 'foo' }))).toEqual({});
  const events = await net.events(site, 'network.device.*');
  expect(events.map(({ after }) => (after as { attributes: object }).attributes)).toEqual([
    { attr1: 'foo', attr2: 'bar' },
    { attr1: 'foo', attr2: 'bar' },
    { attr2: 'x' },
    {},
  ]);
  expect(events.at(-1)?.before).toMatchObject({ hostname: 'bar', attributes: { attr2: 'x' } });
});

test('tells of no change where nothing changes, and changes updatedAt where attributes alone do', async () => {
  const site = await net.site();
  await define(site, 'a', { multi: true });
  const at = { site: { id: site.id } };
  const device = await createDevice(net.all, { ...at, hostname: 'x', attributes: { a: ['1', '2'] } });
  const by = { id: device.id };
  expect(await updateDevice(net.all, { by, attributes: { a: ['1', '2'] } })).toEqual(device);
  expect(await net.events(site, 'network.device.updated')).toEqual([]);
  const turned = await updateDevice(net.all, { by, attributes: { a: ['2', '1'] } });
  expect(turned.updatedAt > device.updatedAt).toBe(true);
  expect(await net.events(site, 'network.device.updated')).toHaveLength(1);
});

test('leaves everything as it was when one part is bad', async () => {
  const site = await net.site();
  await define(site, 'must', { required: true });
  const at = { site: { id: site.id } };
  const device = await createDevice(net.all, { ...at, hostname: 'x', attributes: { must: '1' } });
  const by = { id: device.id };
  const before = await net.events(site);
  await faultsOf(replaceDevice(net.all, { by, hostname: 'y' }));
  await faultsOf(
    updateDevices(net.all, [
      { by, hostname: 'y', attributes: { must: '2' } },
      { by: { id: device.id }, attributes: {} },
    ]),
  );
  const faults = await faultsOf(
    createDevices(net.all, [
      { ...at, hostname: 'good', attributes: { must: '1' } },
      { ...at, hostname: 'bad' },
    ]),
  );
  expect(faults).toEqual([['1.attributes', 'Missing required attributes: must']]);
  expect(await carried(device)).toEqual({ must: '1' });
  expect(await net.events(site)).toEqual(before);
});

test('does not touch what is stored when rules change; the next write is checked', async () => {
  const site = await net.site();
  const { id } = await define(site, 'a');
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'x', attributes: { a: 'v' } });
  await updateAttribute(net.all, { by: { id }, constraints: { validValues: ['w'] } });
  expect(await carried(device)).toEqual({ a: 'v' });
  await updateDevice(net.all, { by: { id: device.id }, hostname: 'y' });
  await faultsOf(updateDevice(net.all, { by: { id: device.id }, attributes: { a: 'v' } }));
});

test('stays multi while something carries two values', async () => {
  const site = await net.site();
  const { id } = await define(site, 'a', { multi: true });
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'x', attributes: { a: ['v', 'w'] } });
  await expect(updateAttribute(net.all, { by: { id }, multi: false })).rejects.toThrow(ConflictError);
  await updateDevice(net.all, { by: { id: device.id }, attributes: { a: ['v'] } });
  await updateAttribute(net.all, { by: { id }, multi: false });
  expect(await carried(device)).toEqual({ a: 'v' });
});

test('deletes what nothing carries, and names what carries it', async () => {
  const site = await net.site();
  const { id } = await define(site, 'a');
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'x', attributes: { a: 'v' } });
  const refused = await deleteAttribute(net.all, { by: { id } }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InUseError);
  expect(refused).toMatchObject({ blockerCount: 1, blockers: [{ type: 'Device', naturalKey: 'x' }] });
  await deleteDevice(net.all, { by: { id: device.id } });
  expect(await deleteAttribute(net.all, { by: { id } })).toBe(id);
  expect((await net.events(site, 'network.device.deleted'))[0]?.before).toMatchObject({ attributes: { a: 'v' } });
});

test('needs the right to administer the Site, and shows to who reads it', async () => {
  const site = await net.site();
  const at = { site: { id: site.id } };
  const writer = net.as(`network:write@site/${site.id}`);
  const admin = net.as(`network:admin@site/${site.id}`);
  const stranger = net.as(`network:admin@site/${(await net.site()).id}`);
  const input = { ...at, resource: 'DEVICE', name: 'a' } as const;
  await expect(createAttribute(writer, input)).rejects.toThrow(ForbiddenError);
  expect(await faultsOf(createAttribute(stranger, input))).toEqual([['site', `Site not found: id='${site.id}'.`]]);
  const [attribute] = await createAttributes(admin, [input]);
  const by = { id: attribute?.id ?? '' };
  expect(await findAttribute(writer, { by })).toEqual(attribute);
  expect(await findAttribute(stranger, { by })).toBeNull();
  await expect(updateAttribute(writer, { by, required: true })).rejects.toThrow(ForbiddenError);
  expect((await listAttributes(stranger, { ...at }, wholePage)).items).toEqual([]);
});

test('counts and lists values of things that the viewer may see', async () => {
  const site = await net.site();
  const { id } = await define(site, 'a', { multi: true });
  const at = { site: { id: site.id } };
  const [one, other] = await createDevices(net.all, [
    { ...at, hostname: 'x', attributes: { a: ['v', 'w'] } },
    { ...at, hostname: 'y', attributes: { a: ['v'] } },
  ]);
  const seer = net.as(`network:read@device/${one?.id}`);
  expect(await countUsage(net.all, [id])).toEqual([2]);
  expect(await countUsage(seer, [id])).toEqual([1]);
  const values = async (ctx: typeof seer, filter: object = {}) =>
    (await listValues(ctx, { ...at, filter }, wholePage)).items.map(({ node }) => [node.targetId, node.value]);
  expect(await values(seer)).toEqual([
    [one?.id, 'v'],
    [one?.id, 'w'],
  ]);
  expect(await values(net.all, { value: 'v' })).toEqual([
    [one?.id, 'v'],
    [other?.id, 'v'],
  ]);
  expect(await values(net.all, { target: other?.id })).toEqual([[other?.id, 'v']]);
  expect(await values(net.as(`network:read@site/${site.id}/network`))).toEqual([]);
});

test('lets nobody delete a definition that a racing write uses', async () => {
  const site = await net.site();
  const { id } = await define(site, 'a');
  const outcomes = await Promise.allSettled([
    createDevice(net.all, { site: { id: site.id }, hostname: 'x', attributes: { a: 'v' } }),
    deleteAttribute(net.all, { by: { id } }),
  ]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
