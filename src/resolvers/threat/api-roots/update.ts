import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { apiRootFacts, apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { apiRootDefaults, apiRootFields } from '#resolvers/threat/api-roots/input.ts';
import { type ApiRootKey, apiRootByKey, apiRootKey, quoteApiRoot } from '#resolvers/threat/api-roots/keys.ts';
import { writeApiRoots } from '#resolvers/threat/api-roots/write.ts';
import { given } from '#resolvers/threat/input.ts';

const apiRootReplace = z.object({ by: apiRootKey, ...apiRootFields });
const apiRootUpdate = apiRootReplace.partial({ title: true });
export type ApiRootReplace = z.input<typeof apiRootReplace>;
export type ApiRootUpdate = z.input<typeof apiRootUpdate>;

/** Changes what is given and leaves the rest. As the default it takes the place of the one before. */
export async function updateApiRoot(ctx: Context, input: ApiRootUpdate): Promise<TaxiiApiRoot> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(apiRootUpdate, input);
  return changeApiRoot(ctx, by, given(change));
}

/** Sets everything that can change; what is not given gets its default. */
export async function replaceApiRoot(ctx: Context, input: ApiRootReplace): Promise<TaxiiApiRoot> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(apiRootReplace, input);
  return changeApiRoot(ctx, by, { ...apiRootDefaults, ...given(change) });
}

const changeApiRoot = (ctx: Context, by: ApiRootKey, change: Partial<TaxiiApiRoot>): Promise<TaxiiApiRoot> =>
  ctx.atomically(async (ctx) => {
    if (change.isDefault) await ctx.use(apiRootStore).lockDefault();
    const before = await lockApiRoot(ctx, by);
    const [after] = await writeApiRoots(ctx, [{ before, after: { ...before, ...change } }]);
    return after ?? before;
  });

/**
 * The API root that a mutation is about, locked.
 * @throws NotFoundError, ForbiddenError for who does not administer it.
 */
export async function lockApiRoot(ctx: Context, by: ApiRootKey): Promise<TaxiiApiRoot> {
  const named = await apiRootByKey(ctx, by);
  if (named) allow(ctx, 'threat:admin', apiRootFacts(named));
  const [root] = named ? await ctx.use(apiRootStore).lock([named.id]) : [];
  if (!root) throw new NotFoundError(`API root not found: ${quoteApiRoot(by)}.`, ['by']);
  return root;
}
