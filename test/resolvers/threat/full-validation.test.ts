import { afterEach, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { definePlugin } from '#plugins/define.ts';
import { stixValidatorPlugin } from '#plugins/stix-validator/plugin.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { addObjects } from '#resolvers/threat/objects/add.ts';
import { listObjects } from '#resolvers/threat/objects/list.ts';
import { stixValidator } from '#resolvers/threat/objects/stix-validator.ts';
import { allDetails } from '#resolvers/threat/statuses/find.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat | null = null;
afterEach(async () => {
  await threat?.gateway.dispose();
  threat = null;
});

/** A gateway with these settings, and how to add objects to a new collection of it. */
async function open(settings: object, plugins: Parameters<typeof openThreat>[2] = [stixValidatorPlugin]) {
  threat = await openThreat('memory', { threat: settings }, plugins);
  const ctx = threat.all;
  const root = await createApiRoot(ctx, { title: 'Root' });
  const { id } = await createCollection(ctx, { apiRoot: { taxiiId: root.id }, title: 'Feed' });
  const collection = { taxiiId: id };
  return {
    async add(...objects: object[]) {
      const { status } = await addObjects(ctx, { collection, objects: JSON.parse(JSON.stringify(objects)) });
      const failures = await allDetails(ctx, status, 'FAILURE');
      return { ...status, messages: failures?.map(({ message }) => message) };
    },
    async kept() {
      const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
      return (await listObjects(ctx, { collections: [collection] }, page)).items.length;
    },
  };
}

const indicator = (more: object = {}) => ({
  type: 'indicator',
  id: `indicator--${newId()}`,
  created: '2024-01-01T00:00:00Z',
  modified: '2024-01-01T00:00:00Z',
  pattern: "[url:value = 'http://x/']",
  pattern_type: 'stix',
  valid_from: '2024-01-01T00:00:00Z',
  ...more,
});

test('without it an object needs no more than every object does', async () => {
  const { add } = await open({});
  expect(await add(indicator({ valid_from: undefined, x_my_custom_attr: 1 }))).toMatchObject({ successCount: 1 });
});

test('with it an object that lacks what its type demands fails alone', async () => {
  const { add, kept } = await open({ stixValidation: 'full' });
  const answer = await add(
    indicator({ valid_from: undefined, pattern_type: undefined }),
    indicator({ x_my_custom_attr: 1 }),
    indicator({ modified: 'yesterday' }),
  );
  expect(answer).toMatchObject({ successCount: 1, failureCount: 2 });
  expect(answer.messages?.toSorted()).toEqual([
    'No values for required properties: pattern_type, valid_from',
    expect.stringMatching(/^modified: /),
  ]);
  expect(await kept()).toBe(1);
});

test('custom properties and types fail where they are forbidden', async () => {
  const { add, kept } = await open({ stixValidation: 'full', allowCustom: false });
  const answer = await add(indicator(), indicator({ x_my_custom_attr: 1 }), {
    type: 'x-no-version',
    id: 'x-no-version--5e113376-8a13-432d-b711-92f566ebbd92',
  });
  expect(answer).toMatchObject({ successCount: 1, failureCount: 2 });
  expect(answer.messages?.toSorted()).toEqual([
    'Unexpected properties: x_my_custom_attr',
    'type: x-no-version is no type of STIX 2.1',
  ]);
  expect(await kept()).toBe(1);
});

test('one fault refuses the whole envelope where the settings say so', async () => {
  const { add, kept } = await open({ stixValidation: 'full', allowCustom: false, invalidObjects: 'refuse' });
  const bad = indicator({ x_my_custom_attr: 1 });
  const refused = await add(indicator(), bad).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InputError);
  expect((refused as InputError).message).toBe(
    `Invalid stix object: ${bad.id}; Unexpected properties: x_my_custom_attr`,
  );
  expect(await kept()).toBe(0);
});

test('whoever brings a validator of his own is asked', async () => {
  const own = definePlugin({
    name: 'own-rules',
    version: '1.0.0',
    description: 'Takes no indicators.',
    provides: [stixValidator],
    setup({ provide }) {
      provide(stixValidator, { judge: ({ type }) => (type === 'indicator' ? 'no indicators here' : null) });
      return undefined;
    },
  });
  const { add } = await open({ stixValidation: 'full' }, [own]);
  expect((await add(indicator())).messages).toEqual(['no indicators here']);
});

test('a gateway that nobody gives a validator does not start with it', async () => {
  await expect(open({ stixValidation: 'full' }, [])).rejects.toThrow(
    'no listed plugin provides threat.stixValidator: list stix-validator.',
  );
  await expect(open({ allowCustom: false })).rejects.toThrow('is false only where threat.stixValidation is full.');
});
