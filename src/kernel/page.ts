import { InputError } from '#kernel/errors.ts';

/** The most items that any list gives at once. */
export const MAX_PAGE = 1000;
const DEFAULT_PAGE = 50;

/** The paging arguments of a connection, as they come from outside. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
  readonly offset?: number | null;
}

/** A place in an ordered list: the values of the order's keys, the row id last. */
export type Position = readonly string[];

/** What a store is asked for: at most `limit` rows in `direction`, beyond the positions, `offset` of them skipped. */
export interface PageRequest {
  readonly limit: number;
  readonly direction: 'forward' | 'backward';
  readonly after: Position | null;
  readonly before: Position | null;
  readonly offset: number;
}

/** A list from its start to its end: for doors that show lists whole, where something else bounds them. */
export const everything: PageRequest = {
  limit: 2 ** 31 - 2,
  direction: 'forward',
  after: null,
  before: null,
  offset: 0,
};

/** Rows in list order, whichever the direction they were fetched in. */
export interface Page<T> {
  readonly items: readonly { readonly node: T; readonly position: Position }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Counts all rows of the list, when asked. */
  count(): Promise<number>;
}

export const emptyPage: Page<never> = {
  items: [],
  hasNextPage: false,
  hasPreviousPage: false,
  count: async () => 0,
};

export function encodePosition(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function decodePosition(text: string, path: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string')) return value;
  } catch {
    // Falls through to the one answer for whatever is no cursor.
  }
  throw notACursor(path);
}

/** For a position that can be read, but not as one of this list. */
export function notACursor(path: string): InputError {
  return InputError.at([path], 'Not a cursor of this list: give one that the list itself answered with.');
}

/**
 * @param decode reads the cursors of lists that have their own.
 * @throws InputError for a count that is negative or above the most, and for combinations that say two things.
 */
export function parsePage(args: PageArguments, decode = decodePosition): PageRequest {
  const faults: { path: string[]; message: string }[] = [];
  for (const name of ['first', 'last', 'offset'] as const) {
    const value = args[name];
    if (value == null) continue;
    if (value < 0) faults.push({ path: [name], message: `${name} may not be negative.` });
    else if (name !== 'offset' && value > MAX_PAGE)
      faults.push({ path: [name], message: `${name} is ${value}, the most is ${MAX_PAGE}.` });
  }
  if (args.first != null && args.last != null)
    faults.push({ path: ['last'], message: 'Give first or last, not both.' });
  if (args.offset != null && (args.last != null || args.after != null || args.before != null))
    faults.push({ path: ['offset'], message: 'offset goes with first or alone, not with a cursor or last.' });
  if (faults.length > 0) throw new InputError(faults);
  return {
    limit: args.first ?? args.last ?? DEFAULT_PAGE,
    direction: args.last != null ? 'backward' : 'forward',
    after: args.after == null ? null : decode(args.after, 'after'),
    before: args.before == null ? null : decode(args.before, 'before'),
    offset: args.offset ?? 0,
  };
}

/**
 * The page within rows that were fetched with one to spare.
 * @param rows at most `limit + 1` rows, in the order of fetching.
 */
export function toPage<T>(
  request: PageRequest,
  rows: readonly T[],
  position: (row: T) => Position,
  count: () => Promise<number>,
): Page<T> {
  return pageOf(request, rows.slice(0, request.limit), rows.length > request.limit, position, count);
}

/**
 * The same for a list that may end a page before its limit.
 * @param kept the rows of the page, in the order of fetching.
 * @param more whether there are rows beyond them.
 */
export function pageOf<T>(
  request: PageRequest,
  kept: readonly T[],
  more: boolean,
  position: (row: T) => Position,
  count: () => Promise<number>,
): Page<T> {
  const forward = request.direction === 'forward';
  const rows = forward ? kept : kept.toReversed();
  return {
    items: rows.map((node) => ({ node, position: position(node) })),
    hasNextPage: forward ? more : request.before !== null,
    hasPreviousPage: forward ? request.after !== null || request.offset > 0 : more,
    count,
  };
}
