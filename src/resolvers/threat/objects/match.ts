import { readInstant } from '#resolvers/threat/instant.ts';

/** Which versions of an object: all, or any of those named. Naming none selects nothing. */
export type VersionSelection =
  | 'all'
  | {
      readonly first: boolean;
      readonly last: boolean;
      /** With six digits. */
      readonly instants: readonly string[];
    };

export const lastVersion: VersionSelection = { first: false, last: true, instants: [] };

/**
 * What texts select: `last`, `first`, `all` or instants; the last version where none is given. A text that is none of
 * these selects nothing.
 */
export function readVersions(
  texts: readonly string[] | null | undefined,
  otherwise: VersionSelection = lastVersion,
): VersionSelection {
  if (texts == null) return otherwise;
  if (texts.includes('all')) return 'all';
  return {
    first: texts.includes('first'),
    last: texts.includes('last'),
    instants: [...new Set(texts.flatMap((text) => readInstant(text) ?? []))],
  };
}

interface Marked {
  readonly version: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export function selectsVersion(selection: VersionSelection, { version, isFirst, isLast }: Marked): boolean {
  if (selection === 'all') return true;
  return (selection.first && isFirst) || (selection.last && isLast) || selection.instants.includes(version);
}
