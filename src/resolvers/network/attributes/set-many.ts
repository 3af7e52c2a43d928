import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { AmbiguousError, type FieldFault, InputError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { oneKey, parse, sought } from '#kernel/input.ts';
import { type AttributeResource, attributeResources } from '#resolvers/network/attributes/attribute.ts';
import { type Attributes, attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { targetKind } from '#resolvers/network/attributes/targets.ts';
import { AttributesEdit } from '#resolvers/network/attributes/values.ts';
import { networkSettings } from '#resolvers/network/settings.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const setManyInput = z.object({
  site: siteKey.nullish(),
  resource: z.enum(attributeResources, `resource must be one of ${attributeResources.join(', ')}.`),
  select: oneKey({ ids: z.array(z.string('An id must be a text.')), query: z.string('query must be a text.') }),
  set: attributesInput.nullish(),
  add: attributesInput.nullish(),
  remove: z.array(sought('A name')).nullish(),
});
export type SetMany = z.input<typeof setManyInput>;
type Given = z.output<typeof setManyInput>;

/** A thing after the change, with its type in the graph. */
export interface Changed {
  readonly type: string;
  readonly row: { readonly id: string; readonly siteId: string };
}

/**
 * Changes what many things of one kind carry, all or none: sets values under names, adds to those with several values,
 * and drops names. What is not named stays. Things that carry all of it already are left alone.
 */
export async function setAttributeValues(ctx: Context, input: SetMany): Promise<Changed[]> {
  const given = parse(setManyInput, input);
  const kind = targetKind(given.resource);
  allowSomewhere(ctx, 'network:update');
  refuseBoth(given);
  return ctx.atomically(async (ctx) => {
    const ids = await chosenIds(ctx, given);
    const attributes = AttributesEdit.of((carried) => edited(carried, given));
    const rows = await kind
      .update(
        ctx,
        ids.map((id) => ({ site: given.site ?? null, by: { id }, attributes })),
      )
      .catch((error: unknown) => {
        throw placed(error, partOfChange(given));
      });
    await refuseUnknown(ctx, given, [...new Set(rows.map(({ siteId }) => siteId))]);
    return rows.map((row) => ({ type: kind.type, row }));
  });
}

/** @throws InputError for a name that is to be dropped and to be there. */
function refuseBoth({ set, add, remove }: Given): void {
  const kept = new Set([...Object.keys(set ?? {}), ...Object.keys(add ?? {})]);
  const faults = (remove ?? []).flatMap((name, index) =>
    kept.has(name) ? [{ path: ['remove', String(index)], message: `${name} is to be set as well.` }] : [],
  );
  if (faults.length > 0) throw new InputError(faults);
}

async function chosenIds(ctx: Context, { site, resource, select }: Given): Promise<readonly string[]> {
  const { max } = ctx.use(networkSettings).bulk;
  if ('ids' in select) {
    if (select.ids.length > max)
      throw InputError.at(
        ['select', 'ids'],
        `At most ${max} things are changed in one call; ${select.ids.length} were given.`,
      );
    return select.ids;
  }
  const { type, list } = targetKind(resource);
  const page = { limit: max, direction: 'forward', after: null, before: null, offset: 0 } as const;
  const found = await list(ctx, { site: site ?? null, query: select.query }, page).catch((error: unknown) => {
    throw placed(error, partOfList);
  });
  if (found.hasNextPage)
    throw InputError.at(['select', 'query'], `At most ${max} things are changed in one call; the query has more.`);
  return found.items.map(({ node }) => toGlobalId(type, node.id));
}

function edited(carried: Attributes, { set, add, remove }: Given): GivenAttributes {
  const kept = Object.entries(carried).filter(([name]) => !remove?.includes(name));
  const present = new Map<string, unknown>([...kept, ...Object.entries(set ?? {})]);
  for (const [name, added] of Object.entries(add ?? {})) {
    const before = [present.get(name) ?? []].flat();
    present.set(name, [
      ...before,
      ...([added].flat() as unknown[]).filter((value) => !(before as unknown[]).includes(value)),
    ]);
  }
  return Object.fromEntries(present);
}

/** A fault of what carries out the change, told at the part of the input that is to blame: once for all things. */
function placed(error: unknown, partOf: (path: readonly string[]) => readonly string[]): unknown {
  if (error instanceof NotFoundError) return new NotFoundError(error.message, partOf(error.path));
  if (error instanceof AmbiguousError) return new AmbiguousError(error.message, partOf(error.path));
  if (!(error instanceof InputError)) return error;
  const faults = new Map<string, FieldFault>();
  for (const { path, message } of error.fields) {
    const part = partOf(path);
    faults.set(JSON.stringify([part, message]), { path: part, message });
  }
  return new InputError([...faults.values()]);
}

/** The part of the input behind a path into the changes that were made of it. */
const partOfChange =
  ({ set, add, remove, select }: Given) =>
  ([index = '', field, name = '']: readonly string[]): readonly string[] => {
    if (field === 'by') return ['select', ...('ids' in select ? ['ids', index] : ['query'])];
    if (field === 'site') return ['site'];
    if (set && Object.hasOwn(set, name)) return ['set', name];
    if (add && Object.hasOwn(add, name)) return ['add', name];
    return name === '' && remove ? ['remove'] : [];
  };

/** The part of the input behind a path into what the list of things was asked. */
const partOfList = (path: readonly string[]): readonly string[] => (path[0] === 'query' ? ['select', ...path] : path);

/** @throws InputError for names to drop that no definition of these Sites has. */
async function refuseUnknown(ctx: Context, { resource, remove }: Given, siteIds: readonly string[]): Promise<void> {
  if (!remove || siteIds.length === 0) return;
  const names = remove.flatMap((name) =>
    siteIds.map((siteId) => ({ siteId, resource: resource as AttributeResource, name })),
  );
  const found = await ctx.use(attributeStore).match(names, 'all');
  const known = new Set(names.filter((_, index) => found[index]?.length).map(({ name }) => name));
  const faults = remove.flatMap((name, index) =>
    known.has(name) ? [] : [{ path: ['remove', String(index)], message: `Attribute name (${name}) does not exist.` }],
  );
  if (faults.length > 0) throw new InputError(faults);
}
