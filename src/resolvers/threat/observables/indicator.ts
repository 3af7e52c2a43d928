import type { Context } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import type { Json, JsonObject } from '#kernel/json.ts';
import { readInstant } from '#resolvers/threat/instant.ts';
import { observableOf } from '#resolvers/threat/observables/normal-form.ts';
import {
  type IndicatorObservable,
  type Observable,
  observableStore,
  type Validity,
} from '#resolvers/threat/observables/observable.ts';
import { readPattern } from '#resolvers/threat/observables/pattern.ts';

/** The most values that are kept of one indicator. */
const mostValues = 10_000;
/** How many of the others its error names. */
const mostNamed = 10;

/** What an indicator looks for. */
export interface IndicatorReading {
  readonly observables: readonly Observable[];
  /** Why the pattern was not read, or not in whole; null where it was. */
  readonly patternError: string | null;
  /** The same as the status of its addition tells it. */
  readonly note: string | null;
}

const nothing: IndicatorReading = { observables: [], patternError: null, note: null };

/**
 * Reads what an object looks for: nothing but for an indicator with a pattern in the language of STIX. Takes time in
 * proportion to the pattern, and never fails.
 * @param body of any type.
 */
export function readIndicator(body: JsonObject): IndicatorReading {
  const { type, pattern, pattern_type: language } = body;
  if (type !== 'indicator' || pattern === undefined) return nothing;
  if (language !== undefined && language !== 'stix') return nothing;
  if (typeof pattern !== 'string') return unread('the pattern is no text');
  const reading = readPattern(pattern);
  if ('fault' in reading) return unread(reading.fault);
  const found = new Map<string, Observable>();
  for (const equality of reading.value) {
    const observable = observableOf(equality);
    if (observable) found.set(keyOf(observable), observable);
  }
  const all = [...found.values()];
  const error = all.length > mostValues ? beyond(all.slice(mostValues)) : null;
  return { observables: all.slice(0, mostValues), patternError: error, note: error };
}

const unread = (fault: string): IndicatorReading => ({
  observables: [],
  patternError: fault,
  note: `pattern not parsed: ${fault}`,
});

function beyond(rest: readonly Observable[]): string {
  const named = rest.slice(0, mostNamed).map(({ value }) => (value.length > 100 ? `${value.slice(0, 100)}…` : value));
  const more = rest.length > named.length ? ` and ${rest.length - named.length} more` : '';
  return `of the pattern only ${mostValues} values are kept, without ${named.join(', ')}${more}`;
}

const keyOf = ({ kind, value, hashAlgorithm }: Observable): string => JSON.stringify([kind, hashAlgorithm, value]);

/** An indicator of which another version is the last of its collection now, or none is left. */
export interface IndicatorChange {
  readonly collectionId: string;
  readonly stixId: string;
  /** Null when it is gone. */
  readonly last: { readonly id: string; readonly body: JsonObject } | null;
}

/**
 * Keeps what indicators look for in step with their last versions. Called in the unit of work that changes those.
 * @param changes each object of a collection once; others than indicators cost nothing.
 */
export async function keepObservables(ctx: Context, changes: readonly IndicatorChange[]): Promise<void> {
  const indicators = changes.filter(({ stixId }) => stixId.startsWith('indicator--'));
  if (indicators.length === 0) return;
  await ctx.use(observableStore).replaceFor(
    indicators.map(({ collectionId, stixId, last }) => ({
      collectionId,
      stixId,
      rows: last ? rowsOf(collectionId, stixId, last) : [],
    })),
  );
}

function rowsOf(
  collectionId: string,
  stixId: string,
  { id: objectId, body }: NonNullable<IndicatorChange['last']>,
): IndicatorObservable[] {
  const validity = validityOf(body);
  return readIndicator(body).observables.map((observable) => ({
    ...observable,
    ...validity,
    id: newId(),
    collectionId,
    stixId,
    objectId,
  }));
}

const validityOf = ({ valid_from: from, valid_until: until, revoked }: JsonObject): Validity => ({
  validFrom: instantOf(from),
  validUntil: instantOf(until),
  revoked: revoked === true,
});

/** More digits than six after the second are legal and are cut. */
const instantOf = (value: Json | undefined): string | null =>
  typeof value === 'string' ? readInstant(value.replace(/(?<=\.\d{6})\d{1,12}Z$/, 'Z')) : null;
