import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { logic, textMatch } from '#kernel/filter.ts';
import { findEvents } from '#kernel/history.ts';
import { instant, parse, rowId } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import {
  deliveryStates,
  type HookAttempt,
  type HookDelivery,
  type HookDeliveryFilter,
  hookDeliveryStore,
} from '#resolvers/platform/hooks/delivery.ts';
import { hookEvents } from '#resolvers/platform/hooks/events.ts';
import { type Hook, type HookFilter, type HookSecret, hookStates, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { requireSignedIn } from '#resolvers/platform/rights/self.ts';

/** Whose hooks the viewer reaches: his own, or with `hook:admin` those of all, which null stands for. */
function reach(ctx: Context): string | null {
  requireSignedIn(ctx);
  return ctx.viewer.rights.covers('hook:admin') ? null : ctx.viewer.id;
}

const reaches = (ctx: Context, { ownerId }: Pick<Hook, 'ownerId'>): boolean =>
  !ctx.viewer.mustChangePassword && (ownerId === ctx.viewer.id || ctx.viewer.rights.covers('hook:admin'));

const HookId = z.object({ id: rowId('Hook') });
const HookDeliveryId = z.object({ id: rowId('HookDelivery') });

/** The hooks with these ids that the viewer reaches. */
export async function findHooks(ctx: Context, ids: readonly string[]): Promise<(Hook | null)[]> {
  const hooks = await ctx.use(hookStore).getMany(ids);
  return hooks.map((hook) => (hook && reaches(ctx, hook) ? hook : null));
}

/** One hook; null when there is none that the viewer reaches. */
export async function findHook(ctx: Context, input: z.input<typeof HookId>): Promise<Hook | null> {
  requireSignedIn(ctx);
  return ctx.load(findHooks, parse(HookId, input).id);
}

/**
 * The hook that is to be changed, as it was a moment ago.
 * @throws NotFoundError for that of another account without `hook:admin`.
 */
export async function permittedHook(ctx: Context, id: string): Promise<Hook> {
  allow(ctx, 'hook:write');
  const [hook] = await ctx.use(hookStore).getMany([id]);
  if (!hook || !reaches(ctx, hook)) throw notFound();
  return hook;
}

/** The same hook, locked for the caller's unit of work. */
export async function lockedHook(ctx: Context, id: string): Promise<Hook> {
  const [hook] = await ctx.use(hookStore).lock([id]);
  if (!hook) throw notFound();
  return hook;
}

const notFound = () => new NotFoundError('hook not found', ['id']);

const oneOf = <Values extends readonly [string, ...string[]]>(values: Values) => z.array(z.enum(values)).nullish();

const hookFilter = logic({
  event: textMatch().nullish(),
  target: textMatch().nullish(),
  state: oneOf(hookStates),
  owner: rowId('Account').nullish(),
});
const HookList = z.object({ filter: hookFilter.nullish() });

/** Hooks, newest first: one's own, or with `hook:admin` those of all. */
export async function listHooks(ctx: Context, input: z.input<typeof HookList>, page: PageRequest): Promise<Page<Hook>> {
  const owner = reach(ctx);
  const filter: HookFilter = parse(HookList, input).filter ?? {};
  return ctx.use(hookStore).page(filter, owner, page);
}

/** The secrets of hooks that sign at present, newest first. Their texts stay sealed. */
export const secretsOfHooks = (ctx: Context, ids: readonly string[]): Promise<HookSecret[][]> =>
  ctx.use(hookStore).secrets(ids, new Date(ctx.clock.now()).toISOString());

/** The deliveries with these ids of hooks that the viewer reaches. */
export async function findHookDeliveries(ctx: Context, ids: readonly string[]): Promise<(HookDelivery | null)[]> {
  const deliveries = await ctx.use(hookDeliveryStore).getMany(ids);
  return deliveries.map((delivery) => (delivery && reaches(ctx, delivery) ? delivery : null));
}

/** One delivery; null when there is none that the viewer reaches. */
export async function findHookDelivery(
  ctx: Context,
  input: z.input<typeof HookDeliveryId>,
): Promise<HookDelivery | null> {
  requireSignedIn(ctx);
  return ctx.load(findHookDeliveries, parse(HookDeliveryId, input).id);
}

/** The delivery that is to be sent again. @throws NotFoundError for that of another account without `hook:admin`. */
export async function permittedDelivery(ctx: Context, id: string): Promise<HookDelivery> {
  allow(ctx, 'hook:write');
  const [delivery] = await findHookDeliveries(ctx, [id]);
  if (!delivery) throw new NotFoundError('hook delivery not found', ['id']);
  return delivery;
}

const deliveryFilter = logic({
  hook: rowId('Hook').nullish(),
  state: oneOf(deliveryStates),
  event: textMatch().nullish(),
  from: instant().nullish(),
  to: instant().nullish(),
});
const HookDeliveryList = z.object({ filter: deliveryFilter.nullish() });

type HookDeliveryListInput = z.input<typeof HookDeliveryList>;

/** Deliveries, newest first: of one's own hooks, or with `hook:admin` of those of all. */
export async function listHookDeliveries(
  ctx: Context,
  input: HookDeliveryListInput,
  page: PageRequest,
): Promise<Page<HookDelivery>> {
  const owner = reach(ctx);
  return ctx.use(hookDeliveryStore).page(parse(HookDeliveryList, input).filter ?? {}, owner, page);
}

/** The deliveries of a hook that the viewer reaches, newest first. */
export async function deliveriesOf(
  ctx: Context,
  hook: Hook,
  input: HookDeliveryListInput,
  page: PageRequest,
): Promise<Page<HookDelivery>> {
  return ctx.load(pagesOfHooks, hook.id, JSON.stringify([parse(HookDeliveryList, input).filter ?? {}, page]));
}

const pagesOfHooks = (ctx: Context, ids: readonly string[], wanted: string): Promise<Page<HookDelivery>[]> => {
  const [filter, page]: [HookDeliveryFilter, PageRequest] = JSON.parse(wanted);
  return ctx.use(hookDeliveryStore).pages(ids, filter, page);
};

/** The last attempts of deliveries, oldest first. */
export const attemptsOfDeliveries = (ctx: Context, ids: readonly string[]): Promise<HookAttempt[][]> =>
  ctx.use(hookDeliveryStore).attempts(ids);

/** What is sent. Null where the viewer may not see the event, or it is gone: then nobody can tell any more. */
export async function bodyOf(ctx: Context, delivery: HookDelivery): Promise<string | null> {
  return (await ctx.load(findEvents, delivery.eventId)) === null ? null : delivery.body;
}

const Watch = z.object({ id: rowId('Hook').nullish() });

/** What happens to hooks that the viewer reaches, dead letters among it; or to one of them. */
export async function watchHooks(ctx: Context, input: z.input<typeof Watch>): Promise<FeedSelection> {
  requireSignedIn(ctx);
  const names = hookEvents.map(({ name }) => name);
  const { id } = parse(Watch, input);
  if (id == null) return { names };
  if (!(await ctx.load(findHooks, id))) throw notFound();
  return { names, matches: ({ scope }) => scope.hook === id };
}
