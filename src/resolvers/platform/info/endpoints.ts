import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { type Endpoint, endpoints } from '#kernel/endpoint.ts';
import { foldText } from '#kernel/filter.ts';
import { parse, rowId, sought } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import { pageOfSorted } from '#resolvers/platform/page-of-sorted.ts';
import { requireSignedIn } from '#resolvers/platform/rights/self.ts';

/** How long something is new, in milliseconds. */
export interface InfoRules {
  readonly newFor: number;
}

export const infoRules = definePort<InfoRules>('info.rules');

/** An endpoint with what time makes of it. */
export type SeenEndpoint = Endpoint;

/** What the viewer may call in one way at least, in the order of lists. */
function seen(ctx: Context): SeenEndpoint[] {
  return ctx
    .use(endpoints)
    .list()
    .filter((endpoint) => mayCall(ctx, endpoint))
    .map((endpoint) => ({ ...endpoint, tags: tagsOf(ctx, endpoint) }))
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
}

function mayCall({ viewer: { rights } }: Context, { rights: any, tenant }: Endpoint): boolean {
  if (tenant && rights.visibility('tenant:use') === 'none') return false;
  return (
    any.length === 0 ||
    any.some(({ need, on }) =>
      on === undefined ? rights.visibility(need) !== 'none' : rights.covers(need, { [factOf(need)]: on }),
    )
  );
}

/** The areas of names say by their own name what they are held against. */
const factOf = (need: string): string => need.slice(0, need.indexOf(':'));

function tagsOf(ctx: Context, { tags, since }: Endpoint): string[] {
  const isNew = since !== null && ctx.clock.now() - Date.parse(since) < ctx.use(infoRules).newFor;
  return isNew ? [...tags, 'new'] : [...tags];
}

/** By title and name, whatever their case; the id tells apart what is mounted several times. */
const orderOf = ({ title, name, id }: Endpoint): string => [foldText(title), foldText(name), id].join('\u0001');

const EndpointList = z.object({
  search: sought('search').nullish(),
  tags: z.array(sought('A tag')).max(100, 'tags may not hold more than 100.').nullish(),
  api: z.boolean().nullish(),
});

/**
 * What the viewer may call, by title. What is tagged `api`, for programs more than for people, is left out unless `api`
 * is said or the search begins with !.
 */
export async function listEndpoints(
  ctx: Context,
  input: z.input<typeof EndpointList>,
  page: PageRequest,
): Promise<Page<SeenEndpoint>> {
  const { search, tags, api } = parse(EndpointList, input);
  requireSignedIn(ctx);
  const text = foldText((search ?? '').trim());
  const all = api === true || text.startsWith('!');
  const words = text.replace(/^!/, '').split(/\s+/).filter(Boolean);
  const found = seen(ctx)
    .filter((endpoint) => all || !endpoint.tags.includes('api'))
    .filter((endpoint) => (tags ?? []).every((tag) => endpoint.tags.includes(tag)))
    .filter((endpoint) => words.every((word) => searched(endpoint).includes(word)));
  return pageOfSorted(found, orderOf, page);
}

const searched = ({ name, title, description, author, tags }: Endpoint): string =>
  foldText([name, title, description, author, ...tags].join('\n'));

const EndpointKey = z.object({ id: rowId('Endpoint') });

/** One endpoint; null for none that the viewer may call. */
export async function findEndpoint(ctx: Context, input: z.input<typeof EndpointKey>): Promise<SeenEndpoint | null> {
  const { id } = parse(EndpointKey, input);
  requireSignedIn(ctx);
  return (await findEndpoints(ctx, [id]))[0] ?? null;
}

/** The endpoints with these ids that the viewer may call, null for the others. */
export async function findEndpoints(ctx: Context, ids: readonly string[]): Promise<(SeenEndpoint | null)[]> {
  const mine = ctx.viewer.kind === 'ANONYMOUS' || ctx.viewer.mustChangePassword ? [] : seen(ctx);
  const byId = new Map(mine.map((endpoint) => [endpoint.id, endpoint]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** The tags of what the viewer may call, each with how often it stands there. */
export async function countTags(ctx: Context): Promise<{ tag: string; count: number }[]> {
  requireSignedIn(ctx);
  const counts = new Map<string, number>();
  for (const { tags } of seen(ctx)) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].map(([tag, count]) => ({ tag, count })).sort((one, other) => (one.tag < other.tag ? -1 : 1));
}
