import { describe, expect, test } from 'vitest';
import type { Catalogue } from '#kernel/catalogue.ts';
import { matchesName } from '#kernel/event.ts';
import { isMeant } from '#resolvers/platform/hooks/matching.ts';
import { eventWord, isHookable, isHookPattern, patternsFor } from '#resolvers/platform/hooks/pattern.ts';

const names = [
  'network.device.created',
  'network.device.updated',
  'network.device.deleted',
  'network.network.created',
  'network.protocolType.updated',
  'network.tree.repaired',
  'platform.hook.created',
  'platform.job.failed',
];
const declared = { events: new Map(names.map((name) => [name, {}])) } as unknown as Pick<Catalogue, 'events'>;

describe('a pattern of a hook', () => {
  test.each([
    '*',
    'network.*',
    'network.network.*',
    'network.device.*',
    'network.device.updated',
    'platform.job.failed',
    'device.update',
    'device.*',
    'device.added',
    'network.create',
    'protocoltype.changed',
    'protocol_type.delete',
    'circuit.removed',
  ])('is %s', (text) => {
    expect(isHookPattern(declared, text)).toBe(true);
  });

  test.each([
    '',
    'device',
    'Device.update',
    'device.updated',
    'device.explode',
    'network.device.exploded',
    'network.rack.*',
    'threat.*',
    'bulk.create',
    'device.*.x',
    '*.updated',
    'device.update ',
    'network',
  ])('is not "%s"', (text) => {
    expect(isHookPattern(declared, text)).toBe(false);
  });

  test('is one of those that an event fits, in both forms', () => {
    expect(patternsFor('network.device.updated').sort()).toEqual(
      [
        '*',
        'device.*',
        'device.changed',
        'device.update',
        'network.*',
        'network.device.*',
        'network.device.updated',
      ].sort(),
    );
    expect(patternsFor('network.protocolType.created')).toEqual(
      expect.arrayContaining(['protocoltype.create', 'protocol_type.added', 'protocol_type.*']),
    );
    expect(patternsFor('network.tree.repaired')).toEqual(['network.tree.repaired', 'network.*', 'network.tree.*', '*']);
  });

  test('with network.* means the whole domain, and network.create the networks', () => {
    expect(patternsFor('network.site.created')).toContain('network.*');
    expect(patternsFor('network.network.created')).toContain('network.create');
    expect(patternsFor('network.device.created')).not.toContain('network.create');
    expect(eventWord('network.*', 'network.network.created')).toBe('network.network.created');
  });

  test('fits exactly the names that it has in full form', () => {
    for (const name of names)
      for (const pattern of ['*', 'network.*', 'network.device.*', 'platform.job.failed', 'platform.*'])
        expect(patternsFor(name).includes(pattern)).toBe(matchesName(pattern, name));
  });

  test('names the event in its own form', () => {
    expect(eventWord('device.update', 'network.device.updated')).toBe('device.update');
    expect(eventWord('device.changed', 'network.device.updated')).toBe('device.update');
    expect(eventWord('device.*', 'network.device.deleted')).toBe('device.delete');
    expect(eventWord('protocol_type.*', 'network.protocolType.created')).toBe('protocol_type.create');
    expect(eventWord('network.device.*', 'network.device.deleted')).toBe('network.device.deleted');
    expect(eventWord('*', 'network.device.deleted')).toBe('network.device.deleted');
  });
});

describe('an event', () => {
  const actor = { account: 'alice', name: 'alice', credential: null, address: null };
  const event = { name: 'network.device.updated', subject: 'D1', scope: { site: 'S1', device: ['d1', 'd2'] }, actor };
  const hook = { ownerId: 'alice', event: 'device.*', globalHook: false, scope: [], subject: null };

  test('is meant by a hook of whoever did it, and of others only when they say so', () => {
    expect(isMeant(hook, event)).toBe(true);
    expect(isMeant({ ...hook, ownerId: 'bob' }, event)).toBe(false);
    expect(isMeant({ ...hook, ownerId: 'bob', globalHook: true }, event)).toBe(true);
    expect(isMeant({ ...hook, globalHook: false }, { ...event, actor: { ...actor, account: null } })).toBe(false);
  });

  test('is meant by a hook whose scope names one of its facts', () => {
    const scoped = (kind: string, value: string) => ({
      ...hook,
      scope: [
        { kind: 'site', value: 'S9' },
        { kind, value },
      ],
    });
    expect(isMeant(scoped('site', 'S1'), event)).toBe(true);
    expect(isMeant(scoped('device', 'd2'), event)).toBe(true);
    expect(isMeant(scoped('device', 'd3'), event)).toBe(false);
    expect(isMeant(scoped('circuit', 'S1'), event)).toBe(false);
    expect(isMeant(scoped('device', 'a'), { ...event, scope: { device: { all: ['a', 'b'] } } })).toBe(true);
  });

  test('is meant by a hook whose subject it is about', () => {
    expect(isMeant({ ...hook, subject: 'D1' }, event)).toBe(true);
    expect(isMeant({ ...hook, subject: 'D2' }, event)).toBe(false);
  });

  test('about hooks is meant by none', () => {
    for (const name of ['platform.hook.created', 'platform.hookDelivery.deadLettered']) {
      expect(isHookable(name)).toBe(false);
      expect(isMeant({ ...hook, event: '*', globalHook: true }, { ...event, name })).toBe(false);
      expect(isMeant({ ...hook, event: name, globalHook: true }, { ...event, name })).toBe(false);
    }
    expect(isHookable('platform.hooks.created')).toBe(true);
  });
});
