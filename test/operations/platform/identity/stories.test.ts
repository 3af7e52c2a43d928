import type { ExecutionResult } from 'graphql';
import { afterAll, beforeAll } from 'vitest';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { type Identity, openIdentity } from '../../../support/identity.ts';
import { tellStories } from '../../../support/stories.ts';

let id: Identity;
beforeAll(async () => {
  id = await openIdentity({}, [storagePrisma, secretBoxPlugin]);
});
afterAll(() => id.gateway.dispose());

/** What is made anew in each run: an operation is given the last one as the variable of this name. */
const made = new Set(['etag', 'secretKey', 'token', 'key', 'prefix', 'currentEtag']);
const last: Record<string, string> = {};

function hide(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => hide(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner, key)]));
  if (typeof value !== 'string' || !made.has(name)) return value;
  last[name] = value;
  return `<${name}>`;
}

tellStories(import.meta.dirname, async (operation) => {
  const answer = await id.gateway.execute({ ...operation, variables: { ...last } });
  return hide(JSON.parse(JSON.stringify(answer))) as ExecutionResult;
});
