import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { dataCollectionByKey, dataCollectionKey, serviceByKey, serviceKey } from '#resolvers/threat/keys.ts';
import {
  type ServiceFilter,
  type ServiceKind,
  serviceStore,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';

/*
 * Every account sees every service, as discovery tells of them. Without a credential those are seen that want none.
 */

const isSeen = (ctx: Context, service: TaxiiService): boolean =>
  !ctx.viewer.mustChangePassword && (ctx.viewer.kind !== 'ANONYMOUS' || !service.authenticationRequired);

const seen = (ctx: Context): ServiceFilter => (ctx.viewer.kind === 'ANONYMOUS' ? { openOnly: true } : {});

/** The services with these row ids that the viewer may see. */
export async function findServices(ctx: Context, ids: readonly string[]): Promise<(TaxiiService | null)[]> {
  const services = await ctx.use(serviceStore).getMany(ids);
  return services.map((service) => (service && isSeen(ctx, service) ? service : null));
}

/** The service, or null when none that the viewer may see has this key. */
export async function findService(ctx: Context, by: z.input<typeof serviceKey>): Promise<TaxiiService | null> {
  const service = await serviceByKey(ctx, parse(serviceKey, by, ['by']));
  return service && isSeen(ctx, service) ? service : null;
}

const kinds = ['DISCOVERY', 'INBOX', 'POLL', 'COLLECTION_MANAGEMENT'] as const satisfies readonly ServiceKind[];
const listInput = z.object({ kind: z.enum(kinds).nullish(), dataCollection: dataCollectionKey.nullish() });

/** The services that the viewer may see: of one kind, and of a data collection that he reads. */
export async function listServices(
  ctx: Context,
  input: z.input<typeof listInput>,
  page: PageRequest,
): Promise<Page<TaxiiService>> {
  const { kind, dataCollection: key } = parse(listInput, input);
  if (ctx.viewer.mustChangePassword) return emptyPage;
  const ofKind = kind ? { kind } : {};
  if (!key) return ctx.use(serviceStore).page({ filter: { ...seen(ctx), ...ofKind }, page });
  const collection = await dataCollectionByKey(ctx, key);
  if (!collection || !canReadData(ctx, collection)) return emptyPage;
  const [ids = []] = await ctx.use(dataCollectionStore).servicesOf([collection.id]);
  return ctx.use(serviceStore).page({ filter: { ...seen(ctx), ...ofKind, ids }, page });
}

/** The services of a data collection that the viewer may see, by service id: asked for many at once, two reads. */
export const findServicesOf = (ctx: Context, { id }: Pick<DataCollection, 'id'>): Promise<TaxiiService[]> =>
  ctx.load(servicesOfCollections, id);

async function servicesOfCollections(ctx: Context, ids: readonly string[]): Promise<TaxiiService[][]> {
  const attached = await ctx.use(dataCollectionStore).servicesOf(ids);
  const wanted = [...new Set(attached.flat())];
  const found = wanted.length === 0 ? [] : await findServices(ctx, wanted);
  const byId = new Map(found.flatMap((service) => (service ? [[service.id, service] as const] : [])));
  return attached.map((list) => list.flatMap((id) => byId.get(id) ?? []).sort(byServiceId));
}

export const byServiceId = (one: TaxiiService, other: TaxiiService): number =>
  Buffer.compare(Buffer.from(one.serviceId), Buffer.from(other.serviceId));
