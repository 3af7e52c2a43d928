import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { seesEvent } from '#kernel/access.ts';
import { defineEvent } from '#kernel/event.ts';
import { audience, withAudience, withOpenRights } from '#kernel/open-rights.ts';
import { type AreaRules, bothRights, grantedRights, type Rights, type Visibility } from '#kernel/permission.ts';
import { anonymousViewer, type Viewer } from '#kernel/viewer.ts';

const verb = { description: '' };
const areas = new Map<string, AreaRules>([
  ['farm', { name: 'farm', scope: 'kinds', kinds: { field: null, barn: null }, verbs: { read: verb, write: verb } }],
]);
const rights = (...texts: string[]) => grantedRights(texts, areas);
const texts = ['*', 'farm:read', 'farm:write', 'farm:read@field/a', 'farm:read@field/b', 'farm:write@barn/a'];
const shows = (visibility: Visibility, kind: string, value: string) =>
  visibility === 'all' ||
  (visibility !== 'none' &&
    visibility.allOf.every((grants) => grants.some((grant) => grant.kind === kind && grant.value === value)));

test('what is open adds to what one may and sees, and to nothing that one can pass on', () => {
  const held = fc.subarray(texts);
  fc.assert(
    fc.property(held, fc.option(held), fc.subarray(texts.slice(3)), (mine, narrow, open) => {
      const own = narrow ? bothRights(rights(...mine), rights(...narrow)) : rights(...mine);
      const all: Rights = withOpenRights(own, rights(...open));
      for (const [need, kind, value] of [
        ['farm:read', 'field', 'a'],
        ['farm:read', 'field', 'b'],
        ['farm:write', 'barn', 'a'],
        ['farm:write', 'field', 'a'],
      ] as const) {
        const covered = own.covers(need, { [kind]: value }) || open.includes(`${need}@${kind}/${value}`);
        expect(all.covers(need, { [kind]: value })).toBe(covered);
        expect(shows(all.visibility(need), kind, value)).toBe(covered);
      }
      expect(all.texts).toEqual(own.texts);
      for (const text of texts) expect(all.holds(text)).toBe(own.holds(text));
    }),
  );
});

test('who has other rights, or the same while other things are open, shares no stream', () => {
  const keys = [[], ['farm:read@field/a'], ['farm:read@field/b']].flatMap((open) =>
    [[], ['farm:read'], ['farm:read@field/a']].map((own) => withOpenRights(rights(...own), rights(...open)).key),
  );
  expect(new Set(keys).size).toBe(keys.length);
  expect(withOpenRights(rights('farm:read'), rights()).key).toBe(rights('farm:read').key);
});

test('an event shows itself to the audience that it names, where its kind allows that', () => {
  const parts = { description: '', subject: null, seenWith: 'farm:read' } as const;
  const told = defineEvent('farm.field.sown', z.object({}), { ...parts, seenByAudience: true });
  const quiet = defineEvent('farm.field.mown', z.object({}), parts);
  const account: Viewer = { ...anonymousViewer(), kind: 'ACCOUNT', id: 'x', name: 'x' };
  const due = { ...account, mustChangePassword: true };
  const seen = (scope: object, kind = told) =>
    [account, anonymousViewer(), due].map((viewer) => seesEvent(viewer, kind, { scope: scope as never }));
  expect(seen(audience.accounts)).toEqual([true, false, false]);
  expect(seen(audience.everyone)).toEqual([true, true, false]);
  expect(seen({})).toEqual([false, false, false]);
  expect(seen(audience.everyone, quiet)).toEqual([false, false, false]);
  expect(shows(withAudience('none', account), 'audience', 'accounts')).toBe(true);
  expect(shows(withAudience('none', anonymousViewer()), 'audience', 'accounts')).toBe(false);
  expect(withAudience('all', anonymousViewer())).toBe('all');
});
