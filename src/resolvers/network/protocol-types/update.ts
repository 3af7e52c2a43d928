import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { type Given, type Items, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { typeDescription, typeName } from '#resolvers/network/protocol-types/create.ts';
import { protocolTypeFinder, protocolTypeKey } from '#resolvers/network/protocol-types/find.ts';
import {
  type ProtocolType,
  protocolTypeFacts,
  protocolTypeGlobalId,
  protocolTypeStore,
  protocolTypeUpdated,
  toProtocolTypeSnapshot,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { requireAttributes, requiredInput, requiredNames } from '#resolvers/network/protocol-types/required.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

const reference = { site: siteKey.nullish(), by: protocolTypeKey };
const typeUpdate = z.object({
  ...reference,
  name: typeName.optional(),
  description: typeDescription.optional(),
  requiredAttributes: requiredInput.optional(),
});
const typeReplace = z.object({
  ...reference,
  name: typeName,
  description: typeDescription.default(''),
  requiredAttributes: requiredInput.default([]),
});
export type ProtocolTypeUpdate = Given<z.input<typeof typeUpdate>>;
export type ProtocolTypeReplace = Given<z.input<typeof typeReplace>>;

/** Changes what is given and leaves the rest. What protocols carry already is not checked again. */
export const updateProtocolType = (ctx: Context, input: ProtocolTypeUpdate): Promise<ProtocolType> =>
  change(ctx, singleItem(typeUpdate, input));

/** Sets everything that can change; what is not given gets its default. */
export const replaceProtocolType = (ctx: Context, input: ProtocolTypeReplace): Promise<ProtocolType> =>
  change(ctx, singleItem(typeReplace, input));

async function change(ctx: Context, items: Items<z.output<typeof typeUpdate>>): Promise<ProtocolType> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const [before] = await lockProtocolTypes(ctx, items, 'update');
    const [given] = items.values;
    if (!before || !given) throw new Error('A single item has one value.');
    const { name = before.name, description = before.description, requiredAttributes: keys } = given;
    const path = items.path(0, 'requiredAttributes');
    const [required = []] = keys
      ? await requireAttributes(ctx, [{ siteId: before.siteId, keys, path }])
      : [before.requiredAttributeIds];
    const same = String(required) === String(before.requiredAttributeIds);
    if (name === before.name && description === before.description && same) return before;
    const updatedAt = microseconds(ctx.clock.now());
    const after = { ...before, name, description, requiredAttributeIds: required, updatedAt };
    const [taken] = await updateProtocolTypes(ctx, [{ before, after }]);
    if (taken) throw new ConflictError(`${name} already exists in this site.`, items.path(0, 'name'));
    return after;
  });
}

/**
 * Writes changed types, however many, with their events. The caller has checked rights and content, and locked them.
 * @returns those whose name is taken; when there are any, the unit of work must be given up.
 */
export async function updateProtocolTypes(
  ctx: Context,
  changes: readonly { readonly before: ProtocolType; readonly after: ProtocolType }[],
): Promise<readonly ProtocolType[]> {
  if (changes.length === 0) return [];
  const taken = await ctx.use(protocolTypeStore).updateMany(changes.map(({ after }) => after));
  const names = await requiredNames(
    ctx,
    changes.flatMap(({ before, after }) => [before, after]),
  );
  for (const [index, { before, after }] of changes.entries()) {
    const snapshot = toProtocolTypeSnapshot(after, names[index * 2 + 1] ?? []);
    ctx.events.append(
      protocolTypeUpdated,
      { protocolType: snapshot },
      {
        subject: protocolTypeGlobalId(after.id),
        scope: protocolTypeFacts(after),
        before: toProtocolTypeSnapshot(before, names[index * 2] ?? []),
        after: snapshot,
      },
    );
  }
  return taken;
}

/** The types of a call, locked, after a check of the rights. */
export async function lockProtocolTypes(
  ctx: Context,
  items: Items<Reference>,
  verb: 'update' | 'delete',
): Promise<ProtocolType[]> {
  const types = await expectAll(ctx, protocolTypeFinder, items, verb);
  for (const { siteId } of types) allow(ctx, 'network:admin', siteFacts({ id: siteId }));
  const ids = types.map(({ id }) => id);
  refuseRepeats(items, ids);
  const locked = await ctx.use(protocolTypeStore).lock(ids);
  return locked.map((type, index) => {
    if (!type) throw notFound('ProtocolType', items, index, verb);
    return type;
  });
}
