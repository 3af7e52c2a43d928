import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CommandFailure, exits } from '#commands/failure.ts';
import { BrokenListError, countList, readList } from '#commands/json-list.ts';
import { keyOf } from '#commands/keys.ts';
import { wholeNumber } from '#commands/listing.ts';
import type { Printer } from '#commands/output.ts';
import type { Runner } from '#commands/runner.ts';
import { action, type RunnerSession, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { examples, type Input } from '#commands/things.ts';
import { progressLine } from '#commands/threat-import-progress.ts';
import { importTarget } from '#commands/threat-import-target.ts';
import { isUuid } from '#kernel/id.ts';
import type { ImportOutcome } from '#resolvers/threat/objects/import.ts';
import type { StatusDetail } from '#resolvers/threat/statuses/taxii-status.ts';

interface ImportOptions {
  readonly collection: string;
  readonly root?: string;
  readonly batch?: number;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
}

/** `gatehouse threat import` */
export function threatImport(threat: Command, shell: Shell): void {
  threat
    .command('import <file>')
    .description('add the STIX objects of a bundle, an envelope or a list to a collection; - reads standard input')
    .requiredOption('--collection <collection>', 'the collection: its UUID, or its alias')
    .option('--root <root>', 'the API root of the alias, by slug or UUID; the default one unless given')
    .option(
      '--batch <count>',
      'objects that are kept in one transaction; 1000 unless the config says otherwise',
      wholeNumber,
    )
    .option('--dry-run', 'only say what would be done')
    .option('-q, --quiet', 'show no progress')
    .addHelpText(
      'after',
      `
The file is read as a stream, so it may be of any size. An interrupt keeps whole batches; run again, the import
completes. With --url each batch is a request of its own, with a status of its own.
Exit codes: 0 all good, 1 some objects failed or it was interrupted, 2 the file or the collection cannot be read.
${examples(
  'gatehouse threat import ics-attack.json --collection attack --root feeds',
  'gatehouse threat import bundle.json --collection 91a7b528-80eb-42ed-a74d-c6fbd5a26116 --dry-run',
  'curl -s https://example.com/bundle.json | gatehouse threat import - --collection attack',
)}`,
    )
    .action(action<ImportOptions>(shell, (session, file) => importFile(session, file)));
}

/** The most failures that are listed one by one. */
const mostListed = 1000;

async function importFile(session: RunnerSession<ImportOptions>, file: string): Promise<number> {
  const { runner, print, options, terminal } = session;
  const collection = await findCollection(session);
  const totalCount = file === '-' ? null : await reading(file, () => countIn(terminal, file));
  const failures: StatusDetail[] = [];
  const line = progressLine(terminal, totalCount, options.quiet ?? false);
  const source = readList(file === '-' ? terminal.stream() : createReadStream(pathOf(terminal, file)), 'objects');
  const outcome = await reading(file, () =>
    importTarget(runner)(collection, source, {
      totalCount,
      batch: options.batch,
      dryRun: options.dryRun ?? false,
      signal: terminal.stopped,
      progress(counts, failed) {
        line.show(counts);
        failures.push(...failed.slice(0, mostListed - failures.length));
      },
    }),
  ).finally(() => line.end());
  report(print, outcome, failures, options.dryRun ?? false);
  return outcome.counts.failedCount > 0 || outcome.isInterrupted ? exits.failed : exits.done;
}

function report(print: Printer, outcome: ImportOutcome, failures: readonly StatusDetail[], dryRun: boolean): void {
  const { counts, status, isInterrupted } = outcome;
  const { addedCount, presentCount, failedCount } = counts;
  for (const { stixId, message } of print.asJson ? [] : failures) print.remark(`${stixId}: ${message}`);
  if (failedCount > failures.length) print.remark(`… and ${failedCount - failures.length} more failures.`);
  if (isInterrupted) print.remark('Interrupted: whole batches are kept. Run it again to add the rest.');
  print.done(
    { ...counts, dryRun, isInterrupted, status: status?.id ?? null, failures },
    `${dryRun ? 'This would be done: ' : ''}${addedCount} added, ${presentCount} present, ${failedCount} failed.`,
  );
}

const unreadable = (message: string): CommandFailure =>
  new CommandFailure([{ code: 'BAD_USER_INPUT', message }], exits.usage);

/** Whatever is wrong with the file itself ends the command in one way. */
async function reading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfFile = error instanceof BrokenListError || (error as NodeJS.ErrnoException)?.syscall !== undefined;
    if (!isOfFile) throw error;
    const name = file === '-' ? 'Standard input' : file;
    throw unreadable(`${name} cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
}

const pathOf = ({ folder }: Terminal, file: string): string => resolve(folder, file);

/** Null for what can be read only once, such as a pipe. */
async function countIn(terminal: Terminal, file: string): Promise<number | null> {
  const handle = await open(pathOf(terminal, file));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return null;
    return await countList(handle.createReadStream({ autoClose: false }), 'objects');
  } finally {
    await handle.close();
  }
}

async function findCollection({ runner, options }: RunnerSession<ImportOptions>): Promise<string> {
  const by = isUuid(options.collection) ? { id: options.collection } : await aliasKey(runner, options);
  const { found } = await runner.run<{ found: { taxiiId: string } | null }>(
    'query ($by: TaxiiCollectionKey!) { found: taxiiCollection(by: $by) { taxiiId } }',
    { by },
  );
  if (!found)
    throw new CommandFailure(
      [{ code: 'NOT_FOUND', message: `Collection not found: ${options.collection}.` }],
      exits.usage,
    );
  return found.taxiiId;
}

async function aliasKey(runner: Runner, { collection: alias, root: named }: ImportOptions): Promise<Input> {
  if (named !== undefined) return { alias: { apiRoot: keyOf('TaxiiApiRoot', 'slug', named), alias } };
  const { taxiiDiscovery } = await runner.run<{ taxiiDiscovery: { default: { taxiiId: string } | null } }>(
    '{ taxiiDiscovery { default { taxiiId } } }',
  );
  const root = taxiiDiscovery.default?.taxiiId;
  if (root === undefined)
    throw new CommandFailure(
      [{ code: 'USAGE', message: 'There is no default API root: say with --root where the alias is from.' }],
      exits.usage,
    );
  return { alias: { apiRoot: { taxiiId: root }, alias } };
}
