import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { canSeeRoot, expectRoot, refuseUnchanged } from '#resolvers/threat/access.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { apiRootByKey, apiRootKey } from '#resolvers/threat/api-roots/keys.ts';
import { type DiscoverySettings, discoverySettings } from '#resolvers/threat/settings.ts';

/** The API roots with these row ids that the viewer may see. */
export async function findApiRoots(ctx: Context, ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
  const roots = await ctx.use(apiRootStore).getMany(ids);
  return roots.map((root) => (root && canSeeRoot(ctx, root) ? root : null));
}

/**
 * The API root with this key, or null when there is none.
 * @throws AuthenticationError for anonymous, unless it is public.
 */
export async function findApiRoot(ctx: Context, by: z.input<typeof apiRootKey>): Promise<TaxiiApiRoot | null> {
  return orNull(async () => expectRoot(ctx, await apiRootByKey(ctx, parse(apiRootKey, by, ['by']))));
}

/** What is not found is null. */
export async function orNull<T>(find: () => Promise<T>): Promise<T | null> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

/** The API roots that the viewer may see: all, for anonymous the public ones. */
export async function listApiRoots(ctx: Context, page: PageRequest): Promise<Page<TaxiiApiRoot>> {
  refuseUnchanged(ctx);
  return ctx.use(apiRootStore).page({ publicOnly: ctx.viewer.kind === 'ANONYMOUS', page });
}

/** What a client begins with. */
export interface Discovery extends Pick<DiscoverySettings, 'title' | 'description' | 'contact'> {
  /** All that there are, seen or not: a client is told their paths. */
  readonly roots: readonly TaxiiApiRoot[];
}

/** Those of the roots that the viewer may see. */
export const seenRoots = (ctx: Context, roots: readonly TaxiiApiRoot[]): TaxiiApiRoot[] =>
  roots.filter((root) => canSeeRoot(ctx, root));

const unsaid: DiscoverySettings = { title: 'Gatehouse', description: null, contact: null, publicDiscovery: true };

/** @throws AuthenticationError for anonymous, unless the discovery is public. */
export async function discover(ctx: Context): Promise<Discovery> {
  refuseUnchanged(ctx);
  const { title, description, contact, publicDiscovery } = ctx.find(discoverySettings) ?? unsaid;
  if (ctx.viewer.kind === 'ANONYMOUS' && !publicDiscovery)
    throw new AuthenticationError('Sign in: this needs an account.');
  return { title, description, contact, roots: await ctx.use(apiRootStore).all() };
}
