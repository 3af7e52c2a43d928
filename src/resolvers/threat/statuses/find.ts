import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { everything, type Page, type PageRequest } from '#kernel/page.ts';
import { canSeeRoot, expectCollection, refuseUnchanged } from '#resolvers/threat/access.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { collectionByKey, collectionKey } from '#resolvers/threat/collections/keys.ts';
import {
  type DetailOutcome,
  type StatusDetail,
  type StatusVisibility,
  statusStates,
  type TaxiiStatus,
  taxiiStatusStore,
} from '#resolvers/threat/statuses/taxii-status.ts';

/** Whether the viewer sees a status of an API root that he sees: his own, one of what he may write to, or nobody's. */
function canSeeStatus(ctx: Context, { owner, collectionId, apiRootId }: TaxiiStatus): boolean {
  if (owner === null || owner === ctx.viewer.id) return true;
  const facts = { ...(collectionId !== null && { collection: collectionId }), apiRoot: apiRootId };
  return ctx.viewer.rights.covers('threat:write', facts);
}

/** The statuses with these ids that the viewer sees. */
export async function findStatuses(ctx: Context, ids: readonly string[]): Promise<(TaxiiStatus | null)[]> {
  const statuses = await ctx.use(taxiiStatusStore).getMany(ids);
  const rootIds = [...new Set(statuses.flatMap((status) => status?.apiRootId ?? []))];
  const roots = await ctx.use(apiRootStore).getMany(rootIds);
  const seen = new Set(roots.flatMap((root) => (root && canSeeRoot(ctx, root) ? root.id : [])));
  return statuses.map((status) => (status && seen.has(status.apiRootId) && canSeeStatus(ctx, status) ? status : null));
}

const statusKey = oneKey({ id: idText, taxiiId: sought('taxiiId') });
export type StatusKey = z.input<typeof statusKey>;

/** The status with this key; null when there is none that the viewer sees. */
export async function findStatus(ctx: Context, by: StatusKey): Promise<TaxiiStatus | null> {
  refuseUnchanged(ctx);
  const key = parse(statusKey, by, ['by']);
  const id = rowIdOf('TaxiiStatus', 'id' in key ? key.id : key.taxiiId);
  return id === null ? null : ctx.load(findStatuses, id);
}

/**
 * The status of an API root that the viewer sees.
 * @throws NotFoundError when there is none, or he may not see it.
 */
export async function expectStatus(ctx: Context, root: TaxiiApiRoot, taxiiId: string): Promise<TaxiiStatus> {
  const id = rowIdOf('TaxiiStatus', taxiiId);
  const status = id === null ? null : await ctx.load(findStatuses, id);
  if (status?.apiRootId !== root.id) throw new NotFoundError('Status not found.');
  return status;
}

const statusList = z.object({ collection: collectionKey.nullish(), state: z.enum(statusStates).nullish() });
export type StatusList = z.input<typeof statusList>;

/**
 * The statuses that the viewer sees, the newest first.
 * @throws NotFoundError for a collection that he may not know of, for anonymous AuthenticationError.
 */
export async function listStatuses(ctx: Context, input: StatusList, page: PageRequest): Promise<Page<TaxiiStatus>> {
  refuseUnchanged(ctx);
  const { collection: key, state } = parse(statusList, input);
  const collection = key ? expectCollection(ctx, await collectionByKey(ctx, key)) : null;
  const filter = { collectionId: collection?.id, state: state ?? undefined };
  return ctx.use(taxiiStatusStore).page(filter, await statusVisibility(ctx), page);
}

/** The same of one API root that the viewer sees. */
export function listStatusesOf(ctx: Context, root: TaxiiApiRoot, page: PageRequest): Promise<Page<TaxiiStatus>> {
  return ctx.load(statusPages, root.id, JSON.stringify(page));
}

const statusPages = async (ctx: Context, rootIds: readonly string[], page: string): Promise<Page<TaxiiStatus>[]> =>
  ctx.use(taxiiStatusStore).pagesOfRoots(rootIds, {}, await statusVisibility(ctx), JSON.parse(page) as PageRequest);

async function statusVisibility(ctx: Context): Promise<StatusVisibility> {
  const isAnonymous = ctx.viewer.kind === 'ANONYMOUS';
  const roots = isAnonymous ? await ctx.use(apiRootStore).all() : [];
  return {
    owner: ctx.viewer.id,
    written: visible(ctx, 'threat:write'),
    apiRootIds: isAnonymous ? roots.flatMap(({ id, isPublic }) => (isPublic ? id : [])) : 'all',
  };
}

/** Details of a status that the viewer sees; null where not each one was kept. */
export function listDetails(
  ctx: Context,
  { id }: TaxiiStatus,
  outcome: DetailOutcome,
  page: PageRequest,
): Promise<Page<StatusDetail> | null> {
  return ctx.load(detailPages, id, JSON.stringify([outcome, page]));
}

const detailPages = (ctx: Context, ids: readonly string[], variant: string): Promise<(Page<StatusDetail> | null)[]> => {
  const [outcome, page] = JSON.parse(variant) as [DetailOutcome, PageRequest];
  return ctx.use(taxiiStatusStore).details(ids, outcome, page);
};

/** All details of a status, which `threat.statusDetailLimit` bounds; null where not each one was kept. */
export async function allDetails(
  ctx: Context,
  status: TaxiiStatus,
  outcome: DetailOutcome,
): Promise<readonly StatusDetail[] | null> {
  const found = await listDetails(ctx, status, outcome, everything);
  return found?.items.map(({ node }) => node) ?? null;
}
