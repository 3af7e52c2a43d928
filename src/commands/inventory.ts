import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { exits, failure } from '#commands/failure.ts';
import { importBar, watchImport } from '#commands/import-progress.ts';
import { type ImportRow, type ImportSummary, readRows, runImport } from '#commands/import-run.ts';
import { siteKeyOf } from '#commands/keys.ts';
import { oneMore, wholeNumber } from '#commands/listing.ts';
import { great, stateOption } from '#commands/network.ts';
import type { Printer } from '#commands/output.ts';
import { action, noun, type RunnerSession, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { examples, given } from '#commands/things.ts';
import { decodeText } from '#resolvers/network/imports/formats/text.ts';
import { rowKinds } from '#resolvers/network/imports/inventory-import.ts';

const formats = { netbox: 'NETBOX', json: 'JSON', csv: 'CSV', prefixes: 'PREFIX_LIST' } as const;
/** How commands write a kind of rows: `protocol-type`. */
const small = (kind: string): string => kind.toLowerCase().replaceAll('_', '-');
const onErrors = { abort: 'ABORT', skip: 'SKIP_ROW' } as const;

interface ImportOptions {
  readonly format: keyof typeof formats;
  readonly site?: string;
  readonly kind?: string;
  readonly dryRun?: boolean;
  readonly onError?: keyof typeof onErrors;
  readonly onExisting?: string;
  readonly base?: readonly string[];
  readonly state?: string;
  readonly layout?: string;
  readonly siteName?: string;
  readonly globalName?: string;
  readonly aggregates?: boolean;
  readonly rows: number;
  readonly quiet?: boolean;
}

/** `gatehouse inventory …` */
export function inventoryCommand(program: Command, shell: Shell): void {
  noun(program, 'inventory', 'real data in')
    .command('import <file>')
    .description('bring the inventory to what a file says; - reads standard input')
    .addOption(
      new Option('-f, --format <format>', 'what the file is').choices(Object.keys(formats)).makeOptionMandatory(),
    )
    .option('-s, --site <site>', 'the site of rows that name none')
    .addOption(new Option('--kind <kind>', 'the kind of rows that do not say it').choices(rowKinds.map(small)))
    .option('--dry-run', 'only say what would be done')
    .addOption(
      new Option('--on-error <what>', 'what a failed row means for the others: abort unless given').choices(
        Object.keys(onErrors),
      ),
    )
    .addOption(
      new Option('--on-existing <what>', 'what happens to what exists already: update unless given').choices([
        'update',
        'keep',
        'fail',
      ]),
    )
    .option('--base <cidr>', 'a network that is made first in --site when missing; may be repeated', oneMore)
    .addOption(stateOption('of networks that are made and whose rows do not say it'))
    .addOption(
      new Option('--layout <layout>', 'NetBox: what a site stands for; location unless given').choices([
        'location',
        'namespace',
      ]),
    )
    .option('--site-name <name>', 'NetBox, layout namespace: the site of everything outside VRFs')
    .option('--global-name <name>', 'NetBox, layout location: the site of prefixes that lie in no site')
    .option('--aggregates', 'NetBox: import aggregates as networks')
    .option('--rows <count>', 'how many failed rows are shown', wholeNumber, 50)
    .option('-q, --quiet', 'show no progress')
    .addHelpText(
      'after',
      `
All rows or none, unless --on-error skip. The same file again changes nothing.
Exit codes: 0 all good, 1 rejected and nothing written, 2 wrong usage, 3 written without the rows that failed.
${examples(
  'gatehouse inventory import netbox.json --format netbox',
  'gatehouse inventory import prefixes.txt --format prefixes --site SJC --base 0.0.0.0/0',
  'gatehouse inventory import devices.csv --format csv --kind device --dry-run',
  'curl -s https://example.com/prefixes | gatehouse inventory import - --format prefixes --site AWS',
)}`,
    )
    .action(action<ImportOptions>(shell, (session, file) => importFile(session, file)));
}

async function importFile(session: RunnerSession<ImportOptions>, file: string): Promise<number> {
  const { runner, print, options, terminal } = session;
  const input = { ...inputOf(options), text: decodeText(await readBytes(terminal, file)) };
  const bar = importBar(terminal, options.quiet ?? false);
  const stop = watchImport(runner, bar.show);
  const { run, rejected } = await runImport(runner, input).finally(() => {
    stop();
    bar.end();
  });
  const failedCount = run.counts.reduce((sum, { failed }) => sum + failed, 0);
  const rows = failedCount > 0 ? await readRows(runner, run.id, print.asJson ? failedCount : options.rows) : [];
  if (print.asJson) print.thing({ ...run, rows }, []);
  else report(print, run, rows, failedCount);
  if (rejected) throw rejected;
  return failedCount > 0 ? exits.partly : exits.done;
}

function inputOf(options: ImportOptions) {
  const { site, layout, siteName, globalName, aggregates } = options;
  const netbox = given({ layout: great(layout), siteName, globalName, aggregates });
  return given({
    format: formats[options.format],
    site: site === undefined ? undefined : siteKeyOf(site),
    kind: great(options.kind),
    dryRun: options.dryRun,
    onError: options.onError && onErrors[options.onError],
    onExisting: great(options.onExisting),
    baseNetworks: options.base,
    defaults: options.state === undefined ? undefined : { state: great(options.state) },
    netbox: Object.keys(netbox).length > 0 ? netbox : undefined,
  });
}

async function readBytes(terminal: Terminal, file: string): Promise<Uint8Array> {
  if (file === '-') return terminal.input();
  try {
    return await readFile(resolve(terminal.folder, file));
  } catch (error) {
    throw failure('BAD_USER_INPUT', `${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

const sentences = {
  QUEUED: 'The import still waits for a worker.',
  RUNNING: 'The import still runs.',
  COMPLETED: 'The import is done.',
  REJECTED: 'The import was rejected: nothing was written.',
  FAILED: 'The import broke off: nothing was written.',
} as const;

const rowsText = (count: number, which = ''): string => `${count} ${which}${count === 1 ? 'row' : 'rows'}`;

/** Failed rows for people on the side, the summary as the result. */
function report(print: Printer, run: ImportSummary, rows: readonly ImportRow[], failedCount: number): void {
  for (const { row, ref, code, message, path } of rows) {
    const at = path.length > 0 ? ` (${path.join('.')})` : '';
    print.remark(`${row === null ? '' : `${row}: `}${ref}: ${code}: ${message}${at}`);
  }
  if (failedCount > rows.length)
    print.remark(`… and ${rowsText(failedCount - rows.length, 'more ')}; --rows shows more.`);
  print.list(run.counts, [
    { head: 'KIND', cell: ({ kind }) => small(kind) },
    { head: 'CREATED', cell: ({ created }) => created, right: true },
    { head: 'UPDATED', cell: ({ updated }) => updated, right: true },
    { head: 'UNCHANGED', cell: ({ unchanged }) => unchanged, right: true },
    { head: 'SKIPPED', cell: ({ skipped }) => skipped, right: true },
    { head: 'FAILED', cell: ({ failed }) => failed, right: true },
  ]);
  for (const { code, count } of run.warnings) print.remark(`warning ${code}: ${rowsText(count)}`);
  const ignored = run.ignored.reduce((sum, { count }) => sum + count, 0);
  if (ignored > 0)
    print.remark(`Not imported: ${rowsText(ignored)} of ${run.ignored.map(({ model }) => model).join(', ')}.`);
  print.done(
    null,
    run.dryRun && run.state === 'COMPLETED' ? 'This would be done; nothing was written.' : sentences[run.state],
  );
}
