import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { defineEvent, type EventDefinition, type EventOptions } from '#kernel/event.ts';

type Options = Pick<EventOptions<unknown>, 'subject' | 'seenWith' | 'seenByAudience' | 'show'>;

/**
 * An event about one thing: its data is the snapshot under its noun (after the change, or the last one before a deletion)
 * and the names of the fields that changed. `before` and `after` go with the event.
 */
export function snapshotEvent<Noun extends string, Snapshot extends z.ZodType>(
  noun: Noun,
  verb: string,
  snapshot: Snapshot,
  description: string,
  options: Options,
): EventDefinition<Record<Noun, z.output<Snapshot>> & { readonly changed: readonly string[] }> {
  return defineEvent(`threat.${noun}.${verb}`, z.object({ [noun]: snapshot, changed: z.array(z.string()) }) as never, {
    ...options,
    description,
    retain: 'AUDIT',
  });
}

/** The fields in which a thing after a change differs from what it was, or is all new. */
export function changedFields(before: object | null, after: object): string[] {
  const former = (before ?? {}) as Record<string, unknown>;
  return Object.entries(after)
    .filter(([name, value]) => !isDeepStrictEqual(former[name], value))
    .map(([name]) => name);
}
