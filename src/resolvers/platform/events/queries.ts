import { z } from 'zod';
import { allow, showEvents, visibleExactly } from '#kernel/access.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import {
  type EventDefinition,
  type EventFilter,
  type EventVisibility,
  eventLog,
  type LogState,
  type StoredEvent,
} from '#kernel/event.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';
import { instant, parse } from '#kernel/input.ts';
import { withAudience } from '#kernel/open-rights.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';

/** A full name, a prefix with `.*`, or `*`. */
export const eventPattern = z.string().regex(/^(\*|[a-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*(\.\*)?)$/, {
  error: ({ input }) => `"${input}" is no event pattern: give a full name, a prefix with .*, or *.`,
});

const eventFilter = z.object({
  names: z.array(eventPattern).max(100).nullish(),
  subjects: z.array(z.string()).max(1000).nullish(),
  scope: z
    .array(z.object({ kind: z.string(), value: z.string() }))
    .max(100)
    .nullish(),
  actor: z.string().nullish(),
  from: instant().nullish(),
  to: instant().nullish(),
});

export type EventFilterInput = z.input<typeof eventFilter>;

/** A filter as the store takes it. @throws InputError for what is none. */
export function readEventFilter(input: EventFilterInput | null | undefined): EventFilter {
  const { actor, ...rest } = parse(eventFilter, input ?? {}, ['filter']);
  const account = actor == null ? undefined : isUuid(actor) ? actor.toLowerCase() : fromGlobalId(actor)?.id;
  if (actor != null && !account) throw InputError.at(['filter', 'actor'], `"${actor}" is no id of an account.`);
  const given = Object.entries({ ...rest, actor: account }).filter(([, value]) => value != null);
  return Object.fromEntries(given) as EventFilter;
}

/** Which events the viewer may see, right by right: most kinds of events share theirs. */
export async function eventVisibility(ctx: Context): Promise<EventVisibility> {
  const groups = Map.groupBy(
    ctx.use(catalogue).events.values(),
    ({ seenWith, seenByOwner, seenByAudience }) => `${seenWith} ${seenByOwner} ${seenByAudience}`,
  );
  return Promise.all(
    [...groups.values()].map(async (definitions) => ({
      names: definitions.map((definition) => definition.name),
      visibility: definitions[0] ? await seenOf(ctx, definitions[0]) : 'none',
      owner: definitions[0]?.seenByOwner ? ctx.viewer.id : null,
    })),
  );
}

async function seenOf(ctx: Context, { seenWith, seenByAudience }: EventDefinition): Promise<Visibility> {
  const visibility = await visibleExactly(ctx, seenWith);
  return seenByAudience && !ctx.viewer.mustChangePassword ? withAudience(visibility, ctx.viewer) : visibility;
}

/** Events that match and that the viewer may see, newest first. Needs event:read, then each event its own right. */
export async function pageEvents(
  ctx: Context,
  filter: EventFilterInput | null | undefined,
  request: PageRequest,
): Promise<Page<StoredEvent>> {
  allow(ctx, 'event:read');
  const visibility = ctx.viewer.rights.texts.includes('*') ? 'all' : await eventVisibility(ctx);
  const page = await ctx.use(eventLog).page(readEventFilter(filter), visibility, request);
  const shown = await showEvents(
    ctx,
    page.items.map(({ node }) => node),
  );
  return { ...page, items: page.items.map((item, index) => ({ ...item, node: shown[index] ?? item.node })) };
}

export async function readEventLog(ctx: Context): Promise<LogState> {
  allow(ctx, 'event:read');
  return ctx.use(eventLog).state();
}
