import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { apiRootGlobalId, apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { removeApiRoots } from '#resolvers/threat/api-roots/delete.ts';
import { apiRootDefaults, apiRootFields } from '#resolvers/threat/api-roots/input.ts';
import { insertApiRoots, writeApiRoots } from '#resolvers/threat/api-roots/write.ts';
import { type Entry, noSuchKeys, settleEntries } from '#resolvers/threat/config/document.ts';
import { type ConfigItem, type ConfigOutcome, noOutcome } from '#resolvers/threat/config/outcome.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';

const schemaOf = (isNew: boolean) =>
  z.strictObject(
    {
      ...apiRootFields,
      title: isNew ? apiRootFields.title : apiRootFields.title.optional(),
      taxiiId: givenTaxiiId.optional(),
    },
    { error: noSuchKeys('An API root') },
  );
const [newRoot, knownRoot] = [schemaOf(true), schemaOf(false)];

/**
 * Brings the API roots to what a document says. Those that it does not name are left, or deleted by force with all that
 * they hold.
 */
export async function applyApiRoots(
  ctx: Context,
  entries: readonly Entry[],
  forceDelete: boolean,
): Promise<ConfigOutcome> {
  const store = ctx.use(apiRootStore);
  // The choice of the default is locked before any root is.
  await store.lockDefault();
  const present = (await store.lock((await store.all()).map(({ id }) => id))).filter((root) => root !== null);
  const knownBy = (name: string) => present.find(({ id, slug }) => id === name || slug === name) ?? null;
  const now = microseconds(ctx.clock.now());
  const wanted = settleEntries(entries, keyOf(present), ({ values }, key): TaxiiApiRoot => {
    const before = knownBy(key);
    const { taxiiId, ...said } = given(parse(before ? knownRoot : newRoot, values));
    if (before) return { ...before, ...said };
    const title = said.title ?? '';
    return { id: taxiiId ?? newId(), ...apiRootDefaults, ...said, title, createdAt: now, updatedAt: now };
  });
  const ids = new Set([...wanted.values()].map(({ id }) => id));
  const extra = present.filter(({ id }) => !ids.has(id));
  if (forceDelete && extra.length > 0) await removeApiRoots(ctx, extra, true);
  const changes = present.flatMap((before) => {
    const after = [...wanted.values()].find(({ id }) => id === before.id);
    return after ? [{ before, after }] : [];
  });
  const written = changes.length > 0 ? await writeApiRoots(ctx, changes) : [];
  const updated = written.filter((root, index) => root !== changes[index]?.before);
  const fresh = [...wanted.values()].filter(({ id }) => !present.some((root) => root.id === id));
  const made = fresh.length > 0 ? await insertApiRoots(ctx, fresh) : [];
  return {
    ...noOutcome,
    created: made.map(toItem),
    updated: updated.map(toItem),
    [forceDelete ? 'deleted' : 'extra']: extra.map(toItem),
    unchanged: changes.length - updated.length,
  };
}

/** An entry is known by its id, else by its slug: entries that mean one root have one key. */
const keyOf =
  (present: readonly TaxiiApiRoot[]) =>
  ({ values: { taxiiId, slug } }: Entry): string => {
    if (typeof taxiiId === 'string' && taxiiId !== '') return taxiiId.toLowerCase();
    if (typeof slug !== 'string' || slug === '')
      throw InputError.at(['slug'], 'Give slug, or taxiiId: it is what the entry is known by.');
    return present.find((root) => root.slug === slug)?.id ?? slug;
  };

const toItem = ({ id, slug }: TaxiiApiRoot): ConfigItem => ({
  type: 'TaxiiApiRoot',
  key: slug ?? id,
  id: apiRootGlobalId(id),
});
