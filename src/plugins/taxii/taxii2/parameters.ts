import type { Context } from '#kernel/context.ts';
import type { PageRequest, Position } from '#kernel/page.ts';
import { FormRefusal } from '#plugins/taxii/taxii2/refusal.ts';
import { readInstant } from '#resolvers/threat/instant.ts';
import { type StixMatch, stixMatch } from '#resolvers/threat/objects/filter.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

const matches = {
  'match[id]': 'id',
  'match[type]': 'type',
  'match[version]': 'version',
  'match[spec_version]': 'specVersion',
} as const satisfies Readonly<Record<string, keyof StixMatch>>;

type MatchName = keyof typeof matches;
export type ParameterName = MatchName | 'limit' | 'added_after' | 'next';

/** What the parameters of a query ask for. */
export interface Selection {
  readonly match: StixMatch;
  readonly addedAfter: string | undefined;
  readonly page: PageRequest;
}

const isMatch = (name: string): name is MatchName => Object.hasOwn(matches, name);

/**
 * @param takes the parameters that the asked resource knows.
 * @throws FormRefusal with all faults at once.
 */
export function readSelection(ctx: Context, query: URLSearchParams, takes: readonly ParameterName[]): Selection {
  const faults = new Map<string, readonly string[]>();
  for (const name of query.keys())
    if (!(takes as readonly string[]).includes(name)) faults.set(name, ['Unknown field.']);
    else if (!isMatch(name) && query.getAll(name).length > 1) faults.set(name, ['Given more than once.']);

  /** The value of a parameter that was given once; undefined where that cannot be read. */
  function read<T>(name: ParameterName, reading: (text: string) => T | { readonly fault: string }): T | undefined {
    const text = query.get(name);
    if (text === null || faults.has(name)) return undefined;
    const value = reading(text);
    if (!isFault(value)) return value;
    faults.set(name, [value.fault]);
    return undefined;
  }

  const { pageSize, maxPageSize } = ctx.use(threatSettings);
  const limit = read('limit', readLimit) ?? pageSize;
  const addedAfter = read<string>('added_after', (text) => readInstant(text) ?? { fault: 'Not a valid datetime.' });
  const after = read<Position>(
    'next',
    (text) => ctx.use(stixObjectStore).decodeCursor(text) ?? { fault: 'Not a valid value.' },
  );
  const match = stixMatch.safeParse(matchIn(query));
  for (const { path, message } of match.error?.issues ?? []) {
    const name = Object.keys(matches).find((one) => isMatch(one) && matches[one] === path[0]);
    faults.set(name ?? 'match', [message]);
  }
  if (faults.size > 0 || !match.data) throw FormRefusal.of(faults);
  const page = { direction: 'forward', after: after ?? null, before: null, offset: 0 } as const;
  return { match: match.data, addedAfter, page: { ...page, limit: Math.min(limit, maxPageSize) } };
}

/** Values are lists with commas; a list that is given twice is one. */
const matchIn = (query: URLSearchParams): StixMatch =>
  Object.fromEntries(
    Object.entries(matches).flatMap(([name, key]) =>
      query.has(name) ? [[key, query.getAll(name).flatMap((text) => text.split(','))]] : [],
    ),
  );

function readLimit(text: string): number | { readonly fault: string } {
  if (!/^-?\d+$/.test(text)) return { fault: 'Not a valid integer.' };
  return Number(text) < 1 ? { fault: 'Must be at least 1.' } : Number(text);
}

const isFault = <T>(value: T | { readonly fault: string }): value is { readonly fault: string } =>
  typeof value === 'object' && value !== null && 'fault' in value;
