import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AreaRules,
  bothRights,
  formatPermission,
  grantedRights,
  impliedVerbs,
  parsePermission,
} from '#kernel/permission.ts';

const verb = { description: '' };
const areas = new Map<string, AreaRules>(
  (
    [
      {
        name: 'network',
        scope: 'kinds',
        kinds: { site: null, network: null, device: null },
        verbs: { read: verb, create: verb, update: verb, delete: verb, write: verb, allocate: verb },
        implies: { write: ['read', 'allocate'] },
      },
      {
        name: 'role',
        scope: 'kinds',
        kinds: { role: null },
        verbs: { read: verb, create: verb, update: verb, delete: verb },
      },
      { name: 'job', scope: 'pattern', verbs: { read: verb, execute: verb }, implies: { execute: ['read'] } },
      { name: 'store', scope: 'path', fact: 'path', verbs: { read: verb, write: verb } },
      { name: 'event', scope: 'none', verbs: { read: verb } },
    ] as const
  ).map((area) => [area.name, area]),
);
const rights = (...texts: string[]) => grantedRights(texts, areas);

describe('a permission', () => {
  test('has an area, a verb and perhaps a scope, split at the first colon and the first @', () => {
    expect(parsePermission('network:read', areas)).toEqual({ area: 'network', verb: 'read', scope: null });
    expect(parsePermission('network:write@site/a/b@c:d', areas)).toEqual({
      area: 'network',
      verb: 'write',
      scope: { kind: 'site', value: 'a/b@c:d' },
    });
    expect(parsePermission('job:execute@tests\\.(a|b)', areas)?.scope).toEqual({ kind: 'job', value: 'tests\\.(a|b)' });
    expect(parsePermission('store:read@/a/b', areas)?.scope).toEqual({ kind: 'path', value: '/a/b' });
    expect(parsePermission('event:admin', areas)).toEqual({ area: 'event', verb: 'admin', scope: null });
  });

  test.each([
    ['no area', ':read'],
    ['no verb', 'role:'],
    ['no colon', 'role'],
    ['an unknown area', 'nope:read'],
    ['an unknown verb', 'role:x'],
    ['letters for verbs', 'role:rxc'],
    ['a verb that the area has not', 'role:write'],
    ['an unknown kind', 'role:read@site/x'],
    ['a kind from a prototype', 'network:read@constructor/x'],
    ['a verb from a prototype', 'network:constructor'],
    ['an area from a prototype', 'constructor:read'],
    ['a kind without a value', 'network:read@site/'],
    ['a value without a kind', 'network:read@/SJC'],
    ['an empty scope', 'network:read@'],
    ['a scope where there is none', 'event:read@x/y'],
    ['white space', 'network:read @site/a'],
    ['a newline', 'network:read\n'],
    ['a control character', 'network:read@site/\u0000'],
    ['a path that is not absolute', 'store:read@a/b'],
    ['a pattern that is none', 'job:read@('],
    ['a look-around', 'job:read@(?=a)b'],
    ['a back-reference', 'job:read@(a)\\1'],
    ['an empty pattern', 'job:read@'],
    ['a long pattern', `job:read@${'a'.repeat(257)}`],
    ['more than 512 characters', `network:read@site/${'a'.repeat(500)}`],
    ['capital letters', 'Network:read'],
  ])('is none with %s', (_, text) => {
    expect(parsePermission(text, areas)).toBeNull();
    expect(rights(text).covers('network:read', { site: 'a' })).toBe(false);
  });

  test('may be 512 characters long, counted as people count', () => {
    const text = `network:read@site/${'😀'.repeat(512 - 'network:read@site/'.length)}`;
    expect(parsePermission(text, areas)).not.toBeNull();
    expect(parsePermission(`${text}a`, areas)).toBeNull();
  });

  test('reads the same after it was written', () => {
    for (const text of ['network:read', 'network:write@site/a/b', 'job:execute@tests.+', 'store:read@/a']) {
      const permission = parsePermission(text, areas);
      const area = areas.get(permission?.area ?? '');
      expect(permission && area && formatPermission(permission, area)).toBe(text);
    }
  });
});

describe('rights', () => {
  test('hold what a verb implies, and nothing else implies read', () => {
    const network = areas.get('network') as AreaRules;
    expect([...impliedVerbs(network, 'write')].sort()).toEqual([
      'allocate',
      'create',
      'delete',
      'read',
      'update',
      'write',
    ]);
    expect([...impliedVerbs(network, 'update')]).toEqual(['update']);
    expect(impliedVerbs(network, 'admin').size).toBe(7);
    expect(rights('store:write').covers('store:read')).toBe(false);
    expect(rights('job:execute').covers('job:read')).toBe(true);
    expect(rights('role:admin').covers('role:delete')).toBe(true);
    expect(rights('role:delete').covers('role:admin')).toBe(false);
  });

  test('cover every scope without one, and one scope with it', () => {
    expect(rights('network:read').covers('network:read', { site: 'a' })).toBe(true);
    expect(rights('network:read@site/a').covers('network:read')).toBe(false);
    expect(rights('network:read@site/a').covers('network:read', { site: 'a', device: 'd' })).toBe(true);
    expect(rights('network:read@site/a').covers('network:read', { site: 'b' })).toBe(false);
    expect(rights('network:read@site/a').covers('network:read', { device: 'a' })).toBe(false);
    expect(rights('*').covers('network:read')).toBe(true);
    expect(rights().covers('network:read', {})).toBe(false);
  });

  test('need one member of a list, and every member of an all-of list', () => {
    const held = rights('network:update@network/n8', 'network:update@device/a', 'network:update@device/b');
    expect(held.covers('network:update', { network: ['n16', 'n8'] })).toBe(true);
    expect(held.covers('network:update', { network: [] })).toBe(false);
    expect(held.covers('network:update', { device: { all: ['a', 'b'] } })).toBe(true);
    expect(held.covers('network:update', { device: { all: ['a', 'z'] } })).toBe(false);
    expect(held.covers('network:update', { device: { all: [] } })).toBe(false);
  });

  test('hold a pattern against the start of the name, and against nothing but the name', () => {
    expect(rights('job:read@tests.').covers('job:read', { job: 'tests.a.b' })).toBe(true);
    expect(rights('job:read@tests.').covers('job:read', { job: 'testsXa' })).toBe(true);
    expect(rights('job:read@ests').covers('job:read', { job: 'tests.a' })).toBe(false);
    expect(rights('job:read@tests$').covers('job:read', { job: 'tests.a', project: 'tests' })).toBe(false);
  });

  test('hold a path against itself and what lies below', () => {
    const held = rights('store:read@/a/b');
    expect(held.covers('store:read', { path: '/a/b' })).toBe(true);
    expect(held.covers('store:read', { path: '/a/b/c' })).toBe(true);
    expect(held.covers('store:read', { path: '/a/bc' })).toBe(false);
    expect(held.covers('store:read', { path: '/a' })).toBe(false);
    expect(rights('store:read@/').covers('store:read', { path: '/x' })).toBe(true);
  });

  test('give lists all, some or nothing', () => {
    expect(rights('network:read').visibility('network:read')).toBe('all');
    expect(rights('network:update').visibility('network:read')).toBe('none');
    expect(rights('network:read@site/a', 'network:write@network/n').visibility('network:read')).toEqual({
      allOf: [
        [
          { kind: 'site', value: 'a' },
          { kind: 'network', value: 'n' },
        ],
      ],
    });
  });

  test('have the same key for the same permissions in any order', () => {
    expect(rights('role:read', 'event:read', 'role:read').key).toBe(rights('event:read', 'role:read').key);
    expect(rights('role:read').key).not.toBe(rights('role:update').key);
  });

  test('hold no more than they are: the same, the implied, the wider', () => {
    const ancestors = { network: ['n8'], site: 'a' };
    expect(rights('network:write').holds('network:create')).toBe(true);
    expect(rights('network:create').holds('network:write')).toBe(false);
    expect(rights('network:write').holds('network:admin')).toBe(false);
    expect(rights('network:admin@site/a').holds('network:admin@site/a')).toBe(true);
    expect(rights('network:admin@site/a').holds('network:read')).toBe(false);
    expect(rights('network:admin@site/a').holds('network:read@site/b')).toBe(false);
    expect(rights('network:read@network/n8').holds('network:read@network/n16')).toBe(false);
    expect(rights('network:read@network/n8').holds('network:read@network/n16', ancestors)).toBe(true);
    expect(rights('network:read@site/a').holds('network:read@network/n16', ancestors)).toBe(true);
    expect(rights('store:read@/a').holds('store:read@/a/b')).toBe(true);
    expect(rights('store:read@/a/b').holds('store:read@/a')).toBe(false);
    expect(rights('job:read@tests.').holds('job:read@tests.')).toBe(true);
    expect(rights('job:read@.').holds('job:read@tests.')).toBe(false);
    expect(rights('job:read').holds('job:read@tests.')).toBe(true);
    expect(rights('job:execute@tests.').holds('job:read@tests.')).toBe(true);
    expect(rights('network:admin', 'role:admin').holds('*')).toBe(false);
    expect(rights('*').holds('*')).toBe(true);
  });

  test('of a narrowed key are what both allow', () => {
    const both = bothRights(rights('network:write@site/a', 'role:read'), rights('network:read', 'event:read'));
    expect(both.covers('network:read', { site: 'a' })).toBe(true);
    expect(both.covers('network:read', { site: 'b' })).toBe(false);
    expect(both.covers('network:create', { site: 'a' })).toBe(false);
    expect(both.covers('role:read')).toBe(false);
    expect(both.covers('event:read')).toBe(false);
    expect(both.visibility('network:read')).toEqual({ allOf: [[{ kind: 'site', value: 'a' }]] });
    expect(bothRights(rights('*'), rights('role:read')).texts).toEqual(['role:read']);
    expect(bothRights(rights('role:read'), rights('*')).texts).toEqual(['role:read']);
    expect(bothRights(rights('*'), rights('role:read')).holds('role:update')).toBe(false);
  });

  test('never grow when a scope is added to what is granted', () => {
    const name = fc.constantFrom('read', 'create', 'update', 'write', 'admin', 'allocate');
    const scope = fc.tuple(fc.constantFrom('site', 'network', 'device'), fc.constantFrom('a', 'b'));
    fc.assert(
      fc.property(name, scope, name, scope, (held, [kind, value], asked, [askedKind, askedValue]) => {
        const wide = rights(`network:${held}`);
        const narrow = rights(`network:${held}@${kind}/${value}`);
        const need = `network:${asked}` as const;
        const facts = { [askedKind]: askedValue };
        if (narrow.covers(need, facts)) expect(wide.covers(need, facts)).toBe(true);
        // Whoever may pass a permission on could do himself what it allows.
        const granted = `${need}@${askedKind}/${askedValue}`;
        if (narrow.holds(granted)) expect(narrow.covers(need, facts)).toBe(true);
      }),
    );
  });
});

test('a scope that is a path has no empty segments, and a key is any text', () => {
  const declared: AreaRules[] = [
    { name: 'store', scope: 'path', fact: 'path', verbs: { read: verb } },
    { name: 'app', scope: 'key', verbs: { use: verb } },
  ];
  const areas = new Map(declared.map((area) => [area.name, area]));
  for (const text of ['store:read@/', 'store:read@/a', 'store:read@/a/b.c', 'app:use@k', 'app:use@a/b'])
    expect(parsePermission(text, areas), text).not.toBeNull();
  for (const text of [
    'store:read@',
    'store:read@a',
    'store:read@/a/',
    'store:read@//',
    'store:read@/a/../b',
    'app:use@',
  ])
    expect(parsePermission(text, areas), text).toBeNull();
  const rights = grantedRights(['app:use@a/b', 'store:read@/a'], areas);
  expect([rights.covers('app:use', { app: 'a/b' }), rights.covers('app:use', { app: 'a/b/c' })]).toEqual([true, false]);
  expect([rights.covers('store:read', { path: '/a/b' }), rights.covers('store:read', { path: '/ab' })]).toEqual([
    true,
    false,
  ]);
  expect([rights.holds('app:use@a/b'), rights.holds('app:use@a'), rights.holds('app:use')]).toEqual([
    true,
    false,
    false,
  ]);
});
