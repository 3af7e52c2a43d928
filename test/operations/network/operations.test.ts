/**
 * Documents beside what they are answered: each file is a story whose operations run in order. All share a
 * gateway: a story keeps to Sites and names of its own.
 * Ids and cursors are numbered in the order in which they are met. With WRITE_ANSWERS=1 the answers are written anew:
 * look at what changed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

const folder = import.meta.dirname;
const stories = readdirSync(folder).filter((name) => name.endsWith('.graphql'));

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

test.each(stories)('%s is answered as before', async (story) => {
  const document = readFileSync(join(folder, story), 'utf8');
  const shown = namer();
  const answers: Record<string, unknown> = {};
  for (const definition of parse(document).definitions) {
    if (definition.kind !== 'OperationDefinition') continue;
    const operationName = definition.name?.value ?? '';
    const answer = await net.gateway.execute({ document, operationName });
    answers[operationName] = shown(JSON.parse(JSON.stringify(answer)));
  }
  const file = join(folder, story.replace('.graphql', '.json'));
  if (process.env.WRITE_ANSWERS) writeFileSync(file, `${JSON.stringify(answers, null, 2)}\n`);
  expect(answers).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});

/** Puts names in place of what differs from run to run. */
function namer(): (value: unknown) => unknown {
  const names = new Map<string, string>();
  const nameOf = (kind: string, text: string) => {
    const known = names.get(text) ?? `<${kind} ${names.size + 1}>`;
    names.set(text, known);
    return known;
  };
  const show = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(show);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, show(inner)]));
    if (typeof value !== 'string') return value;
    // A text such as a diff holds ids.
    if (value.includes('\n')) return value.replace(/[\w-]{40,}/g, (word) => String(show(word)));
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return '<instant>';
    const [, type] = /^([A-Z][A-Za-z]*):[0-9a-f-]{36}$/.exec(Buffer.from(value, 'base64url').toString()) ?? [];
    if (type) return nameOf(type, value);
    return /^WyJ/.test(value) ? nameOf('cursor', value) : value;
  };
  return show;
}
