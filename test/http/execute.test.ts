import { expect, test } from 'vitest';
import { createExecutor } from '#http/execute.ts';
import { systemViewer } from '#kernel/viewer.ts';
import { testDoor } from './support.ts';

const { operations, source } = testDoor({ config: { graphql: { limits: { depth: 2 }, introspection: 'never' } } });
const execute = createExecutor(operations, source);
const viewer = systemViewer;

test('a document from within runs with its viewer and variables', async () => {
  const document = 'query A($n: String) { hello(name: $n) me } query B { me }';
  expect(await execute({ document, operationName: 'A', variables: { n: 'inside' }, viewer })).toEqual({
    data: { hello: 'Hello, inside.', me: 'system' },
  });
});

test('a document from within is held to the limits only when that is asked for', async () => {
  const document = '{ node { node { node { id } } } }';
  expect(await execute({ document, viewer })).toEqual({ data: { node: null } });
  const { errors } = await execute({ document, viewer, limited: true });
  expect(errors?.[0]?.message).toBe('The depth of the operation is 4, the most is 2 (graphql.limits.depth).');
});

test('a document from within may read the schema where clients may not', async () => {
  expect(await execute({ document: '{ __type(name: "Site") { name } }', viewer })).toEqual({
    data: { __type: { name: 'Site' } },
  });
});

test('a document from within that is refused or fails answers as every other does', async () => {
  expect((await execute({ document: '{ nope }', viewer })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  const { errors } = await execute({ document: '{ broken }', viewer });
  expect(errors?.[0]?.message).toMatch(/^Something went wrong\. Trace id: /);
});
