import { z } from 'zod';
import { instant, sought } from '#kernel/input.ts';
import { readVersions } from '#resolvers/threat/objects/match.ts';
import type { StixFilter } from '#resolvers/threat/objects/stix-object.ts';

/** Values of which one is enough. */
export const someOf = (name: string) =>
  z.array(sought(name)).max(1000, `${name} may not name more than 1000.`).nullish();

/** Which versions, as clients say it: everything given must hold. */
export const stixMatch = z.object({
  id: someOf('id'),
  type: someOf('type'),
  specVersion: someOf('specVersion'),
  /** `last` unless said, `first`, `all`, or instants. */
  version: someOf('version'),
});
export type StixMatch = z.input<typeof stixMatch>;

/** Which versions of a list. */
export const stixSelection = z.object({ match: stixMatch.nullish(), addedAfter: instant().nullish() });
export type StixSelection = z.input<typeof stixSelection>;

export function filterOf({ match, addedAfter }: z.output<typeof stixSelection>): StixFilter {
  return {
    stixIds: match?.id ?? undefined,
    types: match?.type ?? undefined,
    specVersions: match?.specVersion ?? undefined,
    versions: readVersions(match?.version),
    addedAfter: addedAfter ?? undefined,
  };
}
