import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { at, makeTaxii1, push, type Taxii1 } from '../support/taxii1.ts';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
let rooms: Taxii1;
beforeAll(async () => {
  gateway = await openGateway();
  rooms = await makeTaxii1(gateway.context());
});
afterAll(() => gateway.dispose());

const run = (line: string) => say(line, { gateway });

test('content-blocks delete takes a window out of data collections and says what it did', async () => {
  await push(gateway.context(), rooms.onlyStix, [at(1), at(2), at(3)]);
  await push(gateway.context(), rooms.open, [at(1)]);
  const both = '-c collection_only_stix -c collection_open';
  const done = await run(`content-blocks delete ${both} --begin ${at(0)} --end ${at(2)} --with-messages`);
  expect([done.exit, done.err, done.out]).toEqual([
    0,
    '',
    [
      'collection_only_stix: content blocks taken out: 2, of them deleted: 2, inbox messages deleted: 0.',
      'collection_open: content blocks taken out: 1, of them deleted: 1, inbox messages deleted: 1.',
    ]
      .join(' ')
      .concat('\n'),
  ]);
  const rest = await run(`content-blocks delete -c ${rooms.onlyStix.taxiiId} --begin ${at(0)} --json`);
  expect(rest.json).toMatchObject([
    { collection: rooms.onlyStix.taxiiId, detached: 1, deleted: 1, messagesDeleted: 0 },
  ]);
});

test('content-blocks delete refuses what is unknown, and a time that is none', async () => {
  const unknown = await run(`content-blocks delete -c none --begin ${at(0)}`);
  expect([unknown.exit, unknown.err]).toEqual([1, expect.stringContaining('NOT_FOUND: Data collection not found.')]);
  expect((await run('content-blocks delete -c collection_open --begin yesterday')).exit).toBe(1);
  expect((await run('content-blocks delete -c collection_open')).exit).toBe(2);
});

test('threat retention counts, and removes', async () => {
  const zeros = 'statuses: 0, result sets: 0, content blocks: 0, superseded versions: 0, inbox messages: 0';
  expect((await run('threat retention --dry-run')).out).toBe(`Would be removed: ${zeros}, ended subscriptions: 0.\n`);
  expect((await run('threat retention')).out).toBe(`Removed: ${zeros}, ended subscriptions: 0.\n`);
  expect((await run('threat retention --json')).json).toMatchObject({ interruptedStatuses: 0, contentBlocks: 0 });
});
