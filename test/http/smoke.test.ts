import { expect, test } from 'vitest';
import { ask, testDoor } from './support.ts';

test('works', async () => {
  const { door, lines } = testDoor();
  expect((await ask(door, { query: '{ hello }' })).data).toEqual({ hello: 'Hello, world.' });
  const r = await ask(door, { query: '{ broken }' });
  console.log(
    r.status,
    JSON.stringify(r.result),
    lines.filter((l) => l.level === 'error'),
  );
  for (const q of [
    '{ hello',
    '{ helo }',
    '{ hello(name: 3) }',
    '{ __schema { types { name } } }',
    'query($n: Int!) { devices(first: $n) { nodes { hostname } } }',
    '{ secretThing }',
    '{wrongNumber}',
    'mutation { rename(input: {hostname: "taken"}) }',
    'subscription { ticks }',
  ]) {
    const r = await ask(door, { query: q });
    console.log(q, r.status, JSON.stringify(r.result));
  }
});
