import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure, failure } from '#commands/failure.ts';
import type { Runner } from '#commands/runner.ts';
import { mutate } from '#commands/runner.ts';

/** An import as commands show it. */
export interface ImportSummary {
  readonly id: string;
  readonly format: string;
  readonly dryRun: boolean;
  readonly state: 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'REJECTED' | 'FAILED';
  readonly counts: readonly {
    readonly kind: string;
    readonly created: number;
    readonly updated: number;
    readonly unchanged: number;
    readonly skipped: number;
    readonly failed: number;
  }[];
  readonly warnings: readonly { readonly code: string; readonly count: number }[];
  readonly ignored: readonly { readonly model: string; readonly count: number }[];
}

/** A row that failed. */
export interface ImportRow {
  readonly row: number | null;
  readonly kind: string;
  readonly ref: string;
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
}

const importFields = `id format dryRun state counts { kind created updated unchanged skipped failed }
  warnings { code count } ignored { model count }`;

/** Runs an import. One that was rejected comes with its failure: it is shown like the others first. */
export async function runImport(
  runner: Runner,
  input: Readonly<Record<string, unknown>>,
): Promise<{ readonly run: ImportSummary; readonly rejected: CommandFailure | null }> {
  const more = `... on ImportRejectedError { import { ${importFields} } }`;
  try {
    const success = await mutate<{ import: ImportSummary }>(
      runner,
      'inventoryImport',
      `import { ${importFields} }`,
      input,
      more,
    );
    const run = await ended(runner, success.import);
    return { run, rejected: unwritten(run) };
  } catch (error) {
    const run = error instanceof CommandFailure ? (error.answer as { import?: ImportSummary } | null)?.import : null;
    if (!run) throw error;
    return { run, rejected: error as CommandFailure };
  }
}

/** Milliseconds between two looks at an import that took longer than a request may. */
const interval = 500;

async function ended(runner: Runner, run: ImportSummary): Promise<ImportSummary> {
  if (run.state !== 'QUEUED' && run.state !== 'RUNNING') return run;
  await pause(interval);
  const { found } = await runner.run<{ found: ImportSummary | null }>(
    `query ($id: ID!) { found: inventoryImport(id: $id) { ${importFields} } }`,
    { id: run.id },
  );
  return found ? ended(runner, found) : run;
}

/** The failure of an import whose request was answered before its end: no error came with that. */
function unwritten({ state, counts }: ImportSummary): CommandFailure | null {
  const failed = counts.reduce((sum, kind) => sum + kind.failed, 0);
  if (state === 'REJECTED')
    return failure('IMPORT_REJECTED', `${failed === 1 ? '1 row' : `${failed} rows`} failed, and nothing was written.`);
  return state === 'FAILED' ? failure('UNAVAILABLE', 'The import broke off, and nothing was written.') : null;
}

/** The most rows that are asked for at once. */
const page = 1000;

/** The first rows of an import that failed. */
export async function readRows(runner: Runner, id: string, limit: number): Promise<ImportRow[]> {
  const rows: ImportRow[] = [];
  let after: string | null = null;
  while (rows.length < limit) {
    const { found }: { found: Found } = await runner.run(
      `query ($id: ID!, $first: Int, $after: String) {
        found: inventoryImport(id: $id) {
          rows(outcome: FAILED, first: $first, after: $after) {
            nodes { row kind ref code message path } pageInfo { hasNextPage endCursor }
          }
        }
      }`,
      { id, first: Math.min(page, limit - rows.length), after },
    );
    if (!found) return rows;
    rows.push(...found.rows.nodes);
    if (!found.rows.pageInfo.hasNextPage) return rows;
    after = found.rows.pageInfo.endCursor;
  }
  return rows;
}

type Found = {
  readonly rows: {
    readonly nodes: readonly ImportRow[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
} | null;
