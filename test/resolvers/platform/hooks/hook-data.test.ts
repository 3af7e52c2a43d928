import { expect, test } from 'vitest';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { defaultPlugins } from '#plugins/built-in.ts';

const definitions = new Map<string, EventDefinition>(
  defaultPlugins.flatMap(({ events }) => events.map((definition) => [definition.name, definition] as const)),
);
const sentBy = (name: string, data: object, more: object = {}) =>
  definitions.get(name)?.hookData?.({ name, data, before: null, after: null, ...more } as unknown as StoredEvent);

const things = ['site', 'attribute', 'device', 'network', 'interface', 'circuit', 'protocolType', 'protocol'];

test.each(things)('of a %s of the network its snapshot is sent, in snake case and in reverse order', (noun) => {
  const named = [...definitions.keys()].filter((name) => name.startsWith(`network.${noun}.`));
  expect(named.length).toBeGreaterThanOrEqual(3);
  const key = noun === 'interface' ? 'networkInterface' : noun;
  const snapshot = { id: 'i', siteId: 's', nameSlug: 'a', attributes: { nameSlug: ['kept'] } };
  for (const name of named)
    expect(JSON.stringify(sentBy(name, { [key]: snapshot, cause: 'c' }))).toBe(
      '{"attributes":{"nameSlug":["kept"]},"name_slug":"a","site_id":"s","id":"i"}',
    );
});

test('of accounts, roles, jobs, hooks and deliveries the snapshot is sent', () => {
  for (const noun of ['account', 'role', 'job', 'hookDelivery']) {
    const named = [...definitions.keys()].filter((name) => name.startsWith(`platform.${noun}.`));
    expect(named.length).toBeGreaterThanOrEqual(1);
    for (const name of named) expect(sentBy(name, { [noun]: { id: 'i' }, changed: ['name'] })).toEqual({ id: 'i' });
  }
  expect(sentBy('platform.hook.tested', { hook: { id: 'i' }, status: 200 })).toEqual({ id: 'i' });
});

test('of a document its path and its body are sent', () => {
  expect(sentBy('platform.storeDocument.replaced', { path: '/a' }, { after: { b: 1 } })).toEqual({
    path: '/a',
    body: { b: 1 },
  });
  expect(sentBy('platform.storeDocument.deleted', { path: '/a' }, { before: { b: 1 } })).toEqual({
    path: '/a',
    body: { b: 1 },
  });
});
