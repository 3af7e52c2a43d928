/**
 * Documents beside what they are answered: each file is a story whose operations run in order. All of a folder share a
 * gateway: a story keeps to names of its own.
 * Variables are filled with what earlier operations of the story answered last under their names.
 * Ids and cursors are numbered in the order in which they are met. With WRITE_ANSWERS=1 the answers are written anew:
 * look at what changed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionResult, parse } from 'graphql';
import { expect, test } from 'vitest';

type Execute = (operation: {
  readonly document: string;
  readonly operationName: string;
  readonly variables: Record<string, unknown>;
}) => Promise<ExecutionResult>;

/** One test for each story in the folder. */
export function tellStories(folder: string, execute: Execute): void {
  const stories = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  test.each(stories)('%s is answered as before', async (story) => {
    const document = readFileSync(join(folder, story), 'utf8');
    const shown = namer();
    const answers: Record<string, unknown> = {};
    const known: Record<string, unknown> = {};
    for (const definition of parse(document).definitions) {
      if (definition.kind !== 'OperationDefinition') continue;
      const operationName = definition.name?.value ?? '';
      const names = (definition.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
      const variables = Object.fromEntries(names.map((name) => [name, known[name]]));
      const answer = JSON.parse(JSON.stringify(await execute({ document, operationName, variables })));
      remember(known, answer);
      answers[operationName] = shown(answer);
    }
    const file = join(folder, story.replace('.graphql', '.json'));
    if (process.env.WRITE_ANSWERS) writeFileSync(file, `${JSON.stringify(answers, null, 2)}\n`);
    expect(answers).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
}

/** Keeps the last text that was answered under each name. */
function remember(known: Record<string, unknown>, value: unknown, name = ''): void {
  if (typeof value === 'string') known[name] = value;
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) remember(known, inner, Array.isArray(value) ? name : key);
}

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
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return '<instant>';
    const [, type] = /^([A-Z][A-Za-z]*):[0-9a-f-]{36}$/.exec(Buffer.from(value, 'base64url').toString()) ?? [];
    if (type) return nameOf(type, value);
    const [, secret] = /^(whsec|whsk|whpk|msg)_/.exec(value) ?? [];
    if (secret) return nameOf(secret, value);
    // A text such as a diff holds ids.
    if (value.includes('\n')) return value.replace(/[\w-]{40,}/g, (word) => String(show(word)));
    return /^Wy[IJ]/.test(value) ? nameOf('cursor', value) : value;
  };
  return show;
}
