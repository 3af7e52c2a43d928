import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { isUuid, newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { collectionGlobalId, collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionDefaults, collectionFields } from '#resolvers/threat/collections/input.ts';
import { removeCollections } from '#resolvers/threat/collections/remove.ts';
import { insertCollections, writeCollections } from '#resolvers/threat/collections/write.ts';
import { type Entry, noSuchKeys, settleEntries } from '#resolvers/threat/config/document.ts';
import { type ConfigItem, type ConfigOutcome, noOutcome } from '#resolvers/threat/config/outcome.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';

const schemaOf = (isNew: boolean) =>
  z.strictObject(
    {
      ...collectionFields,
      title: isNew ? collectionFields.title : collectionFields.title.optional(),
      taxiiId: givenTaxiiId.optional(),
      apiRoot: z.string().optional(),
    },
    { error: noSuchKeys('A collection') },
  );
const [newCollection, knownCollection] = [schemaOf(true), schemaOf(false)];

/**
 * Brings the collections of TAXII 2.1 to what a document says. Those that it does not name are left, or deleted by force
 * with their objects.
 */
export async function applyTaxiiCollections(
  ctx: Context,
  entries: readonly Entry[],
  forceDelete: boolean,
): Promise<ConfigOutcome> {
  const roots = await heldRoots(ctx);
  const present = await ctx.use(collectionStore).lockInRoots(roots.map(({ id }) => id));
  const known = new Map(present.map((collection) => [collection.id, collection]));
  const now = microseconds(ctx.clock.now());
  const wanted = settleEntries(entries, keyOf(roots, present), (entry, key): TaxiiCollection => {
    const before = known.get(key);
    const { taxiiId, apiRoot, ...said } = given(parse(before ? knownCollection : newCollection, entry.values));
    const root = apiRoot === undefined && before ? null : rootOf(roots, apiRoot);
    if (!before)
      return {
        ...{ id: taxiiId ?? newId(), apiRootId: root?.id ?? '', ...collectionDefaults, ...said },
        ...{ title: said.title ?? '', objectCount: 0, createdAt: now, updatedAt: now },
      };
    if (root && root.id !== before.apiRootId)
      throw InputError.at(['apiRoot'], `${before.title} is in another API root, which never changes.`);
    return { ...before, ...said };
  });
  const after = new Map([...wanted.values()].map((collection) => [collection.id, collection]));
  const extra = present.filter(({ id }) => !after.has(id));
  if (forceDelete && extra.length > 0) await removeCollections(ctx, extra, true);
  const changes = present.flatMap((before) => {
    const then = after.get(before.id);
    return then ? [{ before, after: then }] : [];
  });
  const written = changes.length > 0 ? await writeCollections(ctx, changes) : [];
  const updated = written.filter((collection, index) => collection !== changes[index]?.before);
  const fresh = [...after.values()].filter(({ id }) => !known.has(id));
  const made = fresh.length > 0 ? await insertCollections(ctx, fresh) : [];
  const toItem = itemIn(new Map(roots.map((root) => [root.id, root])));
  return {
    ...noOutcome,
    created: made.map(toItem),
    updated: updated.map(toItem),
    [forceDelete ? 'deleted' : 'extra']: extra.map(toItem),
    unchanged: changes.length - updated.length,
  };
}

async function heldRoots(ctx: Context): Promise<TaxiiApiRoot[]> {
  const store = ctx.use(apiRootStore);
  const ids = (await store.all()).map(({ id }) => id);
  return (await store.hold(ids)).filter((root) => root !== null);
}

/** @throws InputError */
function rootOf(roots: readonly TaxiiApiRoot[], name: unknown): TaxiiApiRoot {
  if (typeof name !== 'string' || name === '')
    throw InputError.at(['apiRoot'], 'Give apiRoot: the slug or the UUID of the API root.');
  const wanted = isUuid(name) ? name.toLowerCase() : name;
  const root = roots.find(({ id, slug }) => id === wanted || slug === wanted);
  if (!root) throw InputError.at(['apiRoot'], `There is no API root ${name}.`);
  return root;
}

/** An entry is known by its id, else by its alias in its root: entries that mean one collection have one key. */
const keyOf =
  (roots: readonly TaxiiApiRoot[], present: readonly TaxiiCollection[]) =>
  ({ values: { taxiiId, alias, apiRoot } }: Entry): string => {
    if (typeof taxiiId === 'string' && taxiiId !== '') return taxiiId.toLowerCase();
    if (typeof alias !== 'string' || alias === '')
      throw InputError.at(['alias'], 'Give alias, or taxiiId: it is what the entry is known by.');
    const root = rootOf(roots, apiRoot);
    const known = present.find((collection) => collection.apiRootId === root.id && collection.alias === alias);
    return known?.id ?? `${root.id}/${alias}`;
  };

const itemIn =
  (roots: ReadonlyMap<string, TaxiiApiRoot>) =>
  ({ id, apiRootId, alias }: TaxiiCollection): ConfigItem => ({
    type: 'TaxiiCollection',
    key: alias === null ? id : `${roots.get(apiRootId)?.slug ?? apiRootId}/${alias}`,
    id: collectionGlobalId(id),
  });
