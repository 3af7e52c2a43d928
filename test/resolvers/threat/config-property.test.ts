import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConflictError, InputError } from '#kernel/errors.ts';
import { applyThreatConfig } from '#resolvers/threat/config/apply.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat('memory');
});
afterAll(() => threat.gateway.dispose());

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'yes', 'NO', '', '/services/a', '/services/b', 'urn:x>a,b', 'poll', 'inbox', 'DATA_SET'),
  fc.string(),
  fc.constantFrom('\u0000', '\ud800', '__proto__', '5e113376-8a13-432d-b711-92f566ebbd92'),
);
const value = fc.oneof({ weight: 4, arbitrary: text }, fc.boolean(), fc.integer(), fc.array(text), fc.jsonValue());
const key = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...['id', 'type', 'name', 'slug', 'alias', 'title', 'address', 'available', 'services', 'service_ids'],
      ...['supported_content', 'max_result_size', 'advertised_services', 'apiRoot', 'isDefault', 'description'],
    ),
  },
  fc.constantFrom('__proto__', 'constructor', 'toString', ''),
  fc.string(),
);
const entry = fc.oneof({ weight: 6, arbitrary: fc.dictionary(key, value) }, fc.jsonValue());
const section = fc.oneof(
  fc.constantFrom('services', 'data_collections', 'collections', 'apiRoots', 'taxii_collections', 'accounts'),
  fc.string(),
);
const document = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(section, fc.array(entry, { maxLength: 4 }), { maxKeys: 4 }) },
  fc.jsonValue(),
);

test('whatever a document is, it is applied, or refused with the place of the fault', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.boolean(), fc.boolean(), async (given, forceDelete, dryRun) => {
      try {
        await applyThreatConfig(threat.all, { document: given, forceDelete, dryRun });
      } catch (error) {
        if (error instanceof ConflictError) return;
        expect(error).toBeInstanceOf(InputError);
        for (const { path, message } of (error as InputError).fields) {
          expect(path[0]).toBe('document');
          expect(message).not.toBe('');
        }
      }
    }),
    { numRuns: 600 },
  );
}, 90_000);

const service = fc.record({
  id: fc.constantFrom('s1', 's2', 's3'),
  type: fc.constant('poll'),
  address: fc.constantFrom('/services/1', '/services/2', '/services/3'),
  available: fc.constantFrom('yes', 'no', true, false),
});
const collection = fc.record({
  name: fc.constantFrom('c1', 'c2', 'c3'),
  services: fc.subarray(['s1', 's2', 's3']),
  description: fc.option(fc.constantFrom('', 'd')),
});
const whole = fc.record({
  services: fc.uniqueArray(service, { selector: ({ id }) => id }),
  dataCollections: fc.array(collection, { maxLength: 4 }),
  apiRoots: fc.array(fc.record({ slug: fc.constantFrom('r1', 'r2'), title: fc.constantFrom('A', 'B') }), {
    maxLength: 3,
  }),
});

test('a document that was applied changes nothing when it is applied again, and its dry run foresaw what it did', async () => {
  await fc.assert(
    fc.asyncProperty(whole, fc.boolean(), async (given, forceDelete) => {
      const apply = (dryRun: boolean) =>
        applyThreatConfig(threat.all, { document: given, forceDelete, dryRun }).catch((error: Error) => {
          if (error instanceof InputError || error instanceof ConflictError) return error.message;
          throw error;
        });
      const shown = (outcome: Awaited<ReturnType<typeof apply>>) =>
        JSON.stringify(outcome, (name, part) => (name === 'id' ? undefined : part));
      const foreseen = await apply(true);
      const done = await apply(false);
      expect(shown(done)).toBe(shown(foreseen));
      if (typeof done === 'string') return;
      await threat.news();
      expect(await apply(false)).toMatchObject({ created: [], updated: [], disabled: [], deleted: [] });
      expect(await threat.news()).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 90_000);
