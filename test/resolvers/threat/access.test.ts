import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import {
  canRead,
  canReadData,
  canSeeCollection,
  canWrite,
  canWriteData,
  expectCollection,
  expectErasable,
  expectErasableData,
  expectReadable,
  expectReadableData,
  expectRoot,
  expectWritable,
} from '#resolvers/threat/access.ts';
import { collectionFacts } from '#resolvers/threat/collections/collection.ts';
import { aCollection, aRoot } from '../../contract/threat/rooms-support.ts';
import { aDataCollection } from '../../contract/threat/taxii1-support.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat('memory');
});
afterAll(() => threat.gateway.dispose());

const root = newId();
const collection = newId();
const data = newId();
const places = ['', `@collection/${collection}`, `@apiRoot/${root}`, `@collection/${data}`, `@collection/${newId()}`];
const grants = ['read', 'write', 'admin'].flatMap((verb) => places.map((place) => `threat:${verb}${place}`));

const situation = fc.record({
  held: fc.oneof(fc.subarray([...grants, 'network:read'], { maxLength: 4 }), fc.constant<string[]>(['*'])),
  kind: fc.constantFrom('account', 'anonymous', 'password due'),
  rootIsPublic: fc.boolean(),
  isPublic: fc.boolean(),
  isPublicWrite: fc.boolean(),
  exists: fc.boolean(),
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

/** The rules once more, as a table of answers rather than as code that asks. */
function expected({ held, kind, rootIsPublic, isPublic, isPublicWrite, exists }: Situation) {
  const has = (verb: 'read' | 'write' | 'admin', ...scopes: string[]) =>
    held.includes('*') ||
    [`threat:${verb}`, 'threat:admin'].some((grant) => ['', ...scopes].some((scope) => held.includes(grant + scope)));
  const over = [`@collection/${collection}`, `@apiRoot/${root}`];
  const reads = exists && (isPublic || has('read', ...over));
  const writes = exists && (isPublicWrite || has('write', ...over));
  const [readsData, writesData] = (['read', 'write'] as const).map(
    (verb) => exists && has(verb, `@collection/${data}`),
  );
  const anonymous = kind === 'anonymous';
  const unknown = anonymous ? 'UNAUTHENTICATED' : 'NOT_FOUND';
  const lacking = anonymous ? 'UNAUTHENTICATED' : 'FORBIDDEN';
  const answers = {
    root: exists && (rootIsPublic || !anonymous) ? 'ok' : unknown,
    collection: exists && (!anonymous || reads || writes) ? 'ok' : unknown,
    read: reads ? 'ok' : unknown,
    add: writes ? 'ok' : unknown,
    erase: reads && writes ? 'ok' : reads || writes ? lacking : unknown,
    change: has('admin', ...over) ? 'ok' : lacking,
    readData: readsData ? 'ok' : 'NOT_FOUND',
    eraseData: readsData ? (writesData ? 'ok' : lacking) : unknown,
  };
  if (kind !== 'password due') return { answers, reads, writes, readsData, writesData };
  const forbidden = Object.fromEntries(Object.keys(answers).map((key) => [key, 'FORBIDDEN']));
  return { answers: forbidden, reads: false, writes: false, readsData: false, writesData: false };
}

function contextFor({ held, kind }: Situation): Context {
  if (kind === 'anonymous') return threat.anonymous(...held);
  const ctx = threat.as(...held);
  return kind === 'account' ? ctx : ctx.as({ ...ctx.viewer, mustChangePassword: true });
}

test('whoever asks for whatever is answered as the table of rights says', () => {
  fc.assert(
    fc.property(situation, (given) => {
      const ctx = contextFor(given);
      const { rootIsPublic, isPublic, isPublicWrite, exists } = given;
      const kept = aCollection(root, 'c', { id: collection, isPublic, isPublicWrite });
      const keptData = { ...aDataCollection('d'), taxiiId: data };
      const one = exists ? kept : null;
      const ask = (work: () => unknown): string => {
        try {
          work();
          return 'ok';
        } catch (error) {
          if (error instanceof GatehouseError) return error.code;
          throw error;
        }
      };
      const answers = {
        root: ask(() => expectRoot(ctx, exists ? aRoot('r', { id: root, isPublic: rootIsPublic }) : null)),
        collection: ask(() => expectCollection(ctx, one)),
        read: ask(() => expectReadable(ctx, one)),
        add: ask(() => expectWritable(ctx, one)),
        erase: ask(() => expectErasable(ctx, one)),
        change: ask(() => allow(ctx, 'threat:admin', collectionFacts(kept))),
        readData: ask(() => expectReadableData(ctx, exists ? keptData : null)),
        eraseData: ask(() => expectErasableData(ctx, exists ? keptData : null)),
      };
      const rights = {
        reads: exists && canRead(ctx, kept),
        writes: exists && canWrite(ctx, kept),
        readsData: exists && canReadData(ctx, keptData),
        writesData: exists && canWriteData(ctx, keptData),
      };
      expect({ answers, ...rights }).toEqual(expected(given));
      if (exists) expect(canSeeCollection(ctx, kept) ? 'ok' : 'not').toBe(answers.collection === 'ok' ? 'ok' : 'not');
    }),
    { numRuns: 3000 },
  );
});

test('the rights on a private collection follow from grants, those on a public one from its flags, and neither is ever null', () => {
  const kept = aCollection(root, 'c', { id: collection });
  const rights = (ctx: Context, parts: object = {}) => [
    canRead(ctx, { ...kept, ...parts }),
    canWrite(ctx, { ...kept, ...parts }),
  ];
  const scope = `@collection/${collection}`;
  expect(rights(threat.as())).toEqual([false, false]);
  expect(rights(threat.as('*'))).toEqual([true, true]);
  expect(rights(threat.as(`threat:read${scope}`))).toEqual([true, false]);
  expect(rights(threat.as(`threat:write${scope}`))).toEqual([false, true]);
  expect(rights(threat.anonymous(), { isPublicWrite: true })).toEqual([false, true]);
  expect(rights(threat.anonymous(), { isPublic: true })).toEqual([true, false]);
});
