import { seesEvent, showEvents } from '#kernel/access.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';

/** The events with these row ids that the viewer may see, null for the others. */
export async function findEvents(ctx: Context, ids: readonly string[]): Promise<(StoredEvent | null)[]> {
  const definitions = ctx.use(catalogue).events;
  const events = await ctx.use(eventLog).getMany(ids);
  const seen = events.filter((event) => {
    const definition = event && definitions.get(event.name);
    return definition && seesEvent(ctx.viewer, definition, event);
  }) as StoredEvent[];
  const shown = await showEvents(ctx, seen);
  return events.map((event) => (event && shown[seen.indexOf(event)]) ?? null);
}
