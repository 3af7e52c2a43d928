import type { PermissionArea, ScopeKind } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { fromGlobalId, isUuid, rowIdOf } from '#kernel/id.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { collectionFacts, collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { openCollections } from '#resolvers/threat/collections/open.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';

/** An API root with its collections: by slug or id. */
const apiRootKind: ScopeKind = {
  resolve: async (ctx, text) => (await rootNamed(ctx, text))?.id ?? null,
  async display(ctx, id) {
    const [root] = await ctx.use(apiRootStore).getMany([id]);
    return root?.slug ?? id;
  },
};

/**
 * A collection by its id, or by its alias under the slug or id of its root. Data collections share its ids: what a grant on
 * one is shown as can be given again.
 */
const collectionKind: ScopeKind = {
  async resolve(ctx, text) {
    const slash = text.indexOf('/');
    const collection =
      slash > 0
        ? await collectionUnder(ctx, text.slice(0, slash), text.slice(slash + 1))
        : await collectionOfId(ctx, text);
    return collection?.id ?? (await dataCollectionNamed(ctx, text))?.taxiiId ?? null;
  },
  async display(ctx, id) {
    const [collection] = await ctx.use(collectionStore).getMany([id]);
    if (collection) return displayCollection(ctx, collection);
    const [data] = await ctx.use(dataCollectionStore).getByTaxiiId([id]);
    return data ? displayData(data) : id;
  },
  async ancestors(ctx, id) {
    const [collection] = await ctx.use(collectionStore).getMany([id]);
    return collection ? collectionFacts(collection) : {};
  },
};

/** A data collection by its name or id; kept as a collection, whose ids it shares. */
const dataCollectionKind: ScopeKind = {
  async resolve(ctx, text) {
    const found = await dataCollectionNamed(ctx, text);
    return found ? { kind: 'collection', value: found.taxiiId } : null;
  },
  display: async (_, id) => id,
};

async function rootNamed(ctx: Context, text: string): Promise<TaxiiApiRoot | null> {
  const store = ctx.use(apiRootStore);
  const id = rowIdOf('TaxiiApiRoot', text);
  const [root] = id === null ? await store.getBySlug([text]) : await store.getMany([id]);
  return root ?? null;
}

async function collectionUnder(ctx: Context, root: string, alias: string): Promise<TaxiiCollection | null> {
  const found = await rootNamed(ctx, root);
  if (!found) return null;
  const [collection] = await ctx.use(collectionStore).getByAlias([{ apiRootId: found.id, alias }]);
  return collection ?? null;
}

async function collectionOfId(ctx: Context, text: string): Promise<TaxiiCollection | null> {
  const id = rowIdOf('TaxiiCollection', text);
  const [collection] = id === null ? [] : await ctx.use(collectionStore).getMany([id]);
  return collection ?? null;
}

async function dataCollectionNamed(ctx: Context, text: string): Promise<DataCollection | null> {
  const store = ctx.use(dataCollectionStore);
  const id = rowIdOf('DataCollection', text);
  const [byTaxiiId] = id === null ? [] : await store.getByTaxiiId([id]);
  const [byRow] = id === null || byTaxiiId ? [] : await store.getMany([id]);
  const [byName] = byTaxiiId || byRow ? [] : await store.getByName([text]);
  return byTaxiiId ?? byRow ?? byName ?? null;
}

/** The alias under its root, without blanks, which the text of a permission never holds. */
async function displayCollection(ctx: Context, { id, alias, apiRootId }: TaxiiCollection): Promise<string> {
  if (alias === null) return id;
  const [root] = await ctx.use(apiRootStore).getMany([apiRootId]);
  return `${root?.slug ?? apiRootId}/${alias}`;
}

/** The name, unless it could be read as something else. */
const displayData = ({ name, taxiiId }: DataCollection): string =>
  /[\s/]/.test(name) || isUuid(name) || fromGlobalId(name) ? taxiiId : name;

export const threatArea: PermissionArea = {
  name: 'threat',
  description: 'Collections of threat intelligence and what they hold.',
  verbs: {
    read: { description: 'Read what collections hold.' },
    write: { description: 'Add to collections. It does not include reading them.' },
  },
  scope: 'kinds',
  open: openCollections,
  kinds: { collection: collectionKind, apiRoot: apiRootKind, dataCollection: dataCollectionKind },
};
