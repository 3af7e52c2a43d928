/** Gatehouse with collections that everybody reads and fills, one of them large. */
import { createGateway } from '../../src/gateway.ts';
import { createApiRoot } from '../../src/resolvers/threat/api-roots/create.ts';
import type { TaxiiCollection } from '../../src/resolvers/threat/collections/collection.ts';
import { createCollection } from '../../src/resolvers/threat/collections/create.ts';
import { addObjectsTo } from '../../src/resolvers/threat/objects/add.ts';
import { pageOfVersions } from '../../src/resolvers/threat/objects/list.ts';
import { lastVersion } from '../../src/resolvers/threat/objects/match.ts';
import { stixObjectStore } from '../../src/resolvers/threat/objects/stix-object.ts';
import { answerParent, given } from '../harness/child.ts';
import { connections } from '../harness/load.ts';
import { madeObjects } from './stix.ts';

const gateway = await createGateway({
  config: {
    plugins: ['default'],
    dataDir: 'memory://bench',
    storage: { url: given<{ url: string }>().url, poolSize: connections.pool },
    http: { port: 0 },
    log: { level: 'warn' },
    accounts: { adminPassword: 'bench-7Qm2-nowhere-else' },
  },
});
gateway.work();

const ctx = gateway.context();
const root = await createApiRoot(ctx, { title: 'Benchmarks', slug: 'bench', isPublic: true });
const collections = new Map<string, TaxiiCollection>();

/** A new collection, empty. @returns its path. */
async function open(alias: string): Promise<string> {
  const apiRoot = { id: root.id };
  const collection = await createCollection(ctx, { apiRoot, title: alias, alias, isPublic: true, isPublicWrite: true });
  collections.set(alias, collection);
  return `/taxii2/bench/collections/${alias}/`;
}

/** Objects of one request of the filling. */
const envelope = 10_000;

/**
 * Adds so many made objects, as every door does.
 * @returns the most bytes that the process held meanwhile, above what it held before.
 */
async function fill({ alias, count }: { alias: string; count: number }): Promise<number> {
  const idle = process.memoryUsage.rss();
  let most = idle;
  for (let done = 0; done < count; done += envelope) {
    await addObjectsTo(gateway.context(), named(alias), madeObjects(done, Math.min(envelope, count - done)));
    most = Math.max(most, process.memoryUsage.rss());
  }
  return most - idle;
}

/** The `next` after which only so many objects are left. */
async function nearEnd({ alias, left }: { alias: string; left: number }): Promise<string> {
  const page = { limit: left + 1, direction: 'backward', after: null, before: null, offset: 0 } as const;
  const { items } = await pageOfVersions(ctx, [named(alias).id], { filter: { versions: lastVersion }, page });
  const [first] = items;
  if (!first) throw new Error(`${alias} holds nothing.`);
  return ctx.use(stixObjectStore).encodeCursor(first.position);
}

function named(alias: string): TaxiiCollection {
  const collection = collections.get(alias);
  if (!collection) throw new Error(`There is no collection ${alias}.`);
  return collection;
}

answerParent(await gateway.listen(), { open, fill, nearEnd }, () => gateway.dispose());
