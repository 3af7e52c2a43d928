import { z } from 'zod';
import { defineEvent, type EventDefinition, type StoredEvent } from '#kernel/event.ts';
import type { Kind } from '#resolvers/network/access.ts';

/** Kinds whose type in the graph has another name: there the domain's own word stands before theirs. */
const qualified = { interface: 'NetworkInterface' } as const satisfies Partial<Record<Kind, string>>;
type Type<Noun extends Kind> = Noun extends keyof typeof qualified ? (typeof qualified)[Noun] : Capitalize<Noun>;

const typeOf = (noun: Kind): string =>
  (qualified as Partial<Record<Kind, string>>)[noun] ?? noun[0]?.toUpperCase() + noun.slice(1);

/** What webhooks send of a thing: its snapshot with keys in snake case and in reverse order, as NSoT did. */
export function hookSnapshot(noun: string): (event: StoredEvent) => unknown {
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
 * An event about one thing: its data is the snapshot under its noun as the graph has it (after the change, or the last
 * one before a deletion) and what else the verb has to say. `before` and `after` go with the event.
 */
export function snapshotEvent<Noun extends Kind, Snapshot extends z.ZodType, Extra extends z.ZodRawShape>(
  noun: Noun,
  verb: Verb,
  snapshot: Snapshot,
  extra: Extra,
): EventDefinition<Record<Uncapitalize<Type<Noun>>, z.output<Snapshot>> & z.output<z.ZodObject<Extra>>> {
  const type = typeOf(noun);
  const key = `${type[0]?.toLowerCase()}${type.slice(1)}`;
  return defineEvent(`network.${noun}.${verb}`, z.object({ [key]: snapshot, ...extra }) as never, {
    description: `${/^[aeiou]/.test(noun) ? 'An' : 'A'} ${noun} was ${verb}.`,
    type: `${type}${verb[0]?.toUpperCase()}${verb.slice(1)}`,
    subject: type,
    retain: 'AUDIT',
    seenWith: 'network:read',
    hookData: hookSnapshot(key),
  });
}
