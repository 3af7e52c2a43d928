import type { Context } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import type { Json, JsonObject } from '#kernel/json.ts';
import { readInstant } from '#resolvers/threat/instant.ts';
import { observableOf } from '#resolvers/threat/observables/normal-form.ts';
import {
  type IndicatorObservable,
  type IndicatorRows,
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
  const found = new Found();
  const fault = readPattern(pattern, (equality) => found.add(observableOf(equality)));
  return fault === null ? found.reading : unread(fault);
}

/** What was found in a pattern, each value once. A pattern may hold more of them than there is room for. */
class Found {
  readonly #observables = new Map<string, Observable>();
  readonly #others = new Set<string>();
  #hasMore = false;

  add(observable: Observable | null): void {
    if (!observable) return;
    const key = JSON.stringify([observable.kind, observable.hashAlgorithm, observable.value]);
    if (this.#observables.has(key)) return;
    if (this.#observables.size < mostValues) this.#observables.set(key, observable);
    else if (this.#others.size < mostNamed) this.#others.add(cut(observable.value));
    else this.#hasMore ||= !this.#others.has(cut(observable.value));
  }

  get reading(): IndicatorReading {
    const others = [...this.#others].join(', ');
    const error =
      others === ''
        ? null
        : `of the pattern only ${mostValues} values are kept, without ${others}${this.#hasMore ? ' and others' : ''}`;
    return { observables: [...this.#observables.values()], patternError: error, note: error };
  }
}

const cut = (value: string): string => (value.length > 100 ? `${value.slice(0, 100).toWellFormed()}…` : value);

const unread = (fault: string): IndicatorReading => ({
  observables: [],
  patternError: fault,
  note: `pattern not parsed: ${fault}`,
});

/** An indicator of which another version is the last of its collection now, or none is left. */
export interface IndicatorChange {
  readonly collectionId: string;
  readonly stixId: string;
  /** Null when it is gone. */
  readonly last: { readonly id: string; readonly body: JsonObject } | null;
}

/** Where a call of the storage ends: patterns are read one after another, so that few rows are in memory at once. */
const mostRows = 20_000;

/**
 * Keeps what indicators look for in step with their last versions. Called in the unit of work that changes those.
 * @param changes each object of a collection once; others than indicators cost nothing.
 */
export async function keepObservables(ctx: Context, changes: readonly IndicatorChange[]): Promise<void> {
  const store = ctx.use(observableStore);
  let indicators: IndicatorRows[] = [];
  let count = 0;
  for (const { collectionId, stixId, last } of changes) {
    if (!stixId.startsWith('indicator--')) continue;
    const rows = last ? rowsOf(collectionId, stixId, last) : [];
    indicators.push({ collectionId, stixId, rows });
    count += rows.length;
    if (count < mostRows) continue;
    await store.replaceFor(indicators);
    indicators = [];
    count = 0;
  }
  if (indicators.length > 0) await store.replaceFor(indicators);
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
