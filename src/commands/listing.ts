import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '#commands/runner.ts';

/** The most that a connection gives at once. */
const largestPage = 1000;

export interface ListOptions {
  readonly limit: number;
  readonly all?: boolean;
}

/** Options of every list. */
export const listOptions = (command: Command): Command =>
  command
    .option('-n, --limit <count>', 'how many at most', wholeNumber, 50)
    .option('--all', 'all of them, however many');

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number.');
}

/** For options that may be given several times. */
export const oneMore = (text: string, before: readonly string[] = []): string[] => [...before, text];

interface Listed<Row> {
  readonly rows: readonly Row[];
  /** How many there are in all. */
  readonly total: number;
}

interface Connection<Row> {
  readonly nodes: readonly Row[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
}

/**
 * Reads a list page by page.
 * @param page gives one page of `$first` after `$after`; its connection is called `list`.
 */
export async function readAll<Row>(
  runner: Runner,
  { limit, all }: ListOptions,
  document: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<Listed<Row>> {
  const rows: Row[] = [];
  let after: string | null = null;
  for (;;) {
    const first = Math.min(all ? largestPage : limit - rows.length, largestPage);
    const { list }: { list: Connection<Row> } = await runner.run(document, { ...variables, first, after });
    rows.push(...list.nodes);
    after = list.pageInfo.endCursor;
    if (!list.pageInfo.hasNextPage || (!all && rows.length >= limit)) return { rows, total: list.totalCount };
  }
}

/** What a document of a list selects around its nodes. */
export const pageFields = (nodes: string): string => `nodes { ${nodes} } pageInfo { hasNextPage endCursor } totalCount`;

/** What is to be said below a list that does not show everything. */
export const moreRemark = ({ rows, total }: Listed<unknown>): string | null =>
  rows.length < total ? `${rows.length} of ${total}; --all shows the rest.` : null;
