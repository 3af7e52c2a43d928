import { z } from 'zod';
import { defineEvent, type EventDefinition, type StoredEvent } from '#kernel/event.ts';
import type { Kind } from '#resolvers/network/access.ts';

/** What webhooks send of a thing: its snapshot with keys in snake case and in reverse order, as NSoT did. */
export function hookSnapshot(noun: Kind): (event: StoredEvent) => unknown {
  return (event) => {
    const snapshot = (event.data as Record<string, object>)[noun] ?? {};
    return Object.fromEntries(
      Object.entries(snapshot)
        .reverse()
        .map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
    );
  };
}

type Verb = 'created' | 'updated' | 'deleted';

/**
 * An event about one thing: its data is the snapshot under its noun (after the change, or the last one before a
 * deletion) and what else the verb has to say. `before` and `after` go with the event.
 */
export function snapshotEvent<Noun extends Kind, Snapshot extends z.ZodType, Extra extends z.ZodRawShape>(
  noun: Noun,
  verb: Verb,
  snapshot: Snapshot,
  extra: Extra,
): EventDefinition<Record<Noun, z.output<Snapshot>> & z.output<z.ZodObject<Extra>>> {
  return defineEvent(`network.${noun}.${verb}`, z.object({ [noun]: snapshot, ...extra }) as never, {
    description: `A ${noun} was ${verb}.`,
    subject: noun[0]?.toUpperCase() + noun.slice(1),
    retain: 'AUDIT',
    seenWith: 'network:read',
    hookData: hookSnapshot(noun),
  });
}
