import type { Command } from 'commander';
import { failure, misuse } from '#commands/failure.ts';
import { followJob, type LogLine, lineFields, lineOf } from '#commands/job-follow.ts';
import {
  type ListOptions,
  listOptions,
  moreRemark,
  oneMore,
  pageFields,
  readAll,
  wholeNumber,
} from '#commands/listing.ts';
import type { Cell, Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type RunnerSession, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly state: string;
  readonly trial: number;
  readonly attemptsLeft: number;
  readonly progress: { readonly value: number | null; readonly message: string | null };
  readonly enqueued: {
    readonly at: string;
    readonly by: string;
    readonly parentId: string | null;
    readonly childId: string | null;
  };
  readonly lease: { readonly worker: string } | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly queryAt: string | null;
  readonly runtime: number;
  readonly flags: Readonly<Record<string, boolean>>;
  readonly lastError: { readonly code: string; readonly message: string } | null;
  readonly logCount: number;
  readonly journaled: boolean;
}

const fields = `id name args state trial attemptsLeft progress { value message } enqueued { at by parentId childId }
  lease { worker } startedAt finishedAt queryAt runtime flags { zombie nonstop removed killed }
  lastError { code message } logCount journaled`;

const percent = (value: number | null): string | null => (value === null ? null : `${Math.round(value * 100)}%`);

const columns: readonly Column<JobRow>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'STATE', cell: ({ state }) => state.toLowerCase() },
  { head: 'PROGRESS', cell: ({ progress }) => percent(progress.value), right: true },
  { head: 'TRIAL', cell: ({ trial }) => trial, right: true },
  { head: 'WORKER', cell: ({ lease }) => lease?.worker },
  { head: 'ENQUEUED', cell: ({ enqueued }) => enqueued.at },
  { head: 'ID', cell: ({ id }) => id },
];

const partsOf = (job: JobRow): (readonly [string, Cell])[] => [
  ['id', job.id],
  ['name', job.name],
  ['arguments', JSON.stringify(job.args)],
  ['state', job.state.toLowerCase()],
  [
    'flags',
    Object.keys(job.flags)
      .filter((flag) => job.flags[flag])
      .join(' '),
  ],
  ['progress', [percent(job.progress.value), job.progress.message].filter((part) => part !== null).join(' ')],
  ['trial', job.trial],
  ['attempts left', job.attemptsLeft],
  ['enqueued', `${job.enqueued.at} by ${job.enqueued.by}`],
  ['worker', job.lease?.worker],
  ['started', job.startedAt],
  ['finished', job.finishedAt],
  ['not before', job.queryAt],
  ['runtime', `${job.runtime} s`],
  ['last error', job.lastError && `${job.lastError.code}: ${job.lastError.message}`],
  ['log', `${job.logCount} lines`],
  ['journaled', job.journaled],
  ['parent', job.enqueued.parentId],
  ['child', job.enqueued.childId],
];

/** `gatehouse job …` */
export function jobCommand(program: Command, shell: Shell): void {
  const jobs = noun(program, 'job', 'jobs: pieces of work, and the kinds of them');
  addEnqueue(jobs, shell);
  addLists(jobs, shell);
  addControl(jobs, shell);
}

interface Enqueueing {
  readonly args?: string;
  readonly option?: readonly string[];
}

function addEnqueue(jobs: Command, shell: Shell): void {
  jobs
    .command('enqueue <name>')
    .description('put a job in the queue')
    .option('--args <json>', 'what it is given, as a JSON object')
    .option('-o, --option <name=value>', 'a property such as priority=5 or wallTime=null; may be repeated', oneMore)
    .addHelpText('after', examples(`gatehouse job enqueue reports.daily --args '{"site":"SJC"}' --option priority=5`))
    .action(
      action<Enqueueing>(shell, async ({ runner, print, options }, name) => {
        const input = given({
          name,
          args: options.args === undefined ? undefined : readJson('--args', options.args),
          options: options.option && Object.fromEntries(options.option.map(readOption)),
        });
        const { job } = await mutate<{ job: JobRow }>(runner, 'jobEnqueue', `job { ${fields} }`, input);
        print.done(job, `Enqueued job ${job.id} (${job.name}).`);
      }),
    );
}

function readJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw misuse(`${option} is no JSON: ${text}`);
  }
}

function readOption(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw misuse(`--option ${text}: give name=value.`);
  const value = text.slice(at + 1);
  const isPlain = /^(-?\d+|true|false|null)$/.test(value);
  return [text.slice(0, at), isPlain ? JSON.parse(value) : value];
}

interface Listing extends ListOptions {
  readonly name?: string;
  readonly state?: readonly string[];
  readonly journaled?: boolean;
}

function addLists(jobs: Command, shell: Shell): void {
  listOptions(jobs.command('list'))
    .description('list jobs of the queue, the newest first')
    .option('--name <text>', 'with such a name; * for any characters, ? for one')
    .option('--state <state>', 'in this state; may be repeated', oneMore)
    .option('--journaled', 'those of the journal instead')
    .addHelpText(
      'after',
      examples('gatehouse job list --state error', "gatehouse job list --name 'reports.*' --journaled"),
    )
    .action(
      action<Listing>(shell, async ({ runner, print, options }) => {
        const document = `query ($filter: JobFilter, $first: Int, $after: String) {
          list: jobs(filter: $filter, first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const filter = given({
          name: options.name === undefined ? undefined : { like: options.name },
          state: options.state?.map((state) => state.toUpperCase()),
          journaled: options.journaled,
        });
        const found = await readAll<JobRow>(runner, options, document, { filter });
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  jobs
    .command('show <id>')
    .description('show one job, of the queue or the journal')
    .addHelpText('after', examples('gatehouse job show Sm9iOjAxOTk…'))
    .action(
      action(shell, async ({ runner, print }, id) => {
        const { job } = await runner.run<{ job: JobRow }>(`query ($id: ID!) { job(id: $id) { ${fields} } }`, { id });
        print.thing(job, partsOf(job));
      }),
    );
  listOptions(jobs.command('log <id>'))
    .description('print the log of a job')
    .option('--after <number>', 'only lines with a higher number', wholeNumber)
    .addHelpText('after', examples('gatehouse job log Sm9iOjAxOTk… --all'))
    .action(action<ListOptions & { readonly after?: number }>(shell, printLog));
  jobs
    .command('follow <id>')
    .description('print the log of a job as it grows, and its states, until it has ended')
    .addHelpText('after', examples('gatehouse job follow Sm9iOjAxOTk…'))
    .action(action(shell, followJob));
  listOptions(jobs.command('classes'))
    .description('list the kinds of jobs')
    .option('--search <text>', 'found in name, title, author, description or tags')
    .addHelpText('after', examples('gatehouse job classes --search report'))
    .action(action<ListOptions & { readonly search?: string }>(shell, listClasses));
}

async function printLog(
  { runner, print, options }: RunnerSession<ListOptions & { readonly after?: number }>,
  id: string,
): Promise<void> {
  const document = `query ($id: ID!, $filter: JobLogFilter, $first: Int, $after: String) {
    job(id: $id) { list: log(filter: $filter, first: $first, after: $after) {
      ${pageFields(lineFields)} } }
  }`;
  const inner = {
    ...runner,
    run: async <Data>(text: string, variables?: Readonly<Record<string, unknown>>) => {
      const { job } = await runner.run<{ job: Data | null }>(text, variables);
      if (!job) throw failure('NOT_FOUND', `Job not found: ${id}.`);
      return job;
    },
  };
  const filter = options.after === undefined ? undefined : { after: options.after };
  const found = await readAll<LogLine>(inner, options, document, given({ id, filter }));
  print.lines(found.rows, found.rows.map(lineOf));
  const more = moreRemark(found);
  if (more) print.remark(more);
}

interface ClassRow {
  readonly name: string;
  readonly title: string;
  readonly author: string;
  readonly schedule: string | null;
  readonly timezone: string;
  readonly plugin: string;
}

async function listClasses({
  runner,
  print,
  options,
}: RunnerSession<ListOptions & { readonly search?: string }>): Promise<void> {
  const document = `query ($search: String, $first: Int, $after: String) {
    list: jobClasses(search: $search, first: $first, after: $after) {
      ${pageFields('name title author doc schedule timezone tags plugin argsSchema valid')} }
  }`;
  const found = await readAll<ClassRow>(runner, options, document, given({ search: options.search }));
  print.list(found.rows, [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'TITLE', cell: ({ title }) => title },
    { head: 'AUTHOR', cell: ({ author }) => author },
    { head: 'SCHEDULE', cell: ({ schedule, timezone }) => schedule && `${schedule} (${timezone})` },
    { head: 'PLUGIN', cell: ({ plugin }) => plugin },
  ]);
  const more = moreRemark(found);
  if (more) print.remark(more);
}

function addControl(jobs: Command, shell: Shell): void {
  const verb = (name: string, mutation: string, description: string, said: (job: JobRow) => string) =>
    jobs
      .command(`${name} <id>`)
      .description(description)
      .addHelpText('after', examples(`gatehouse job ${name} Sm9iOjAxOTk…`))
      .action(
        action<{ readonly hard?: boolean }>(shell, async ({ runner, print, options }, id) => {
          const input = given({ id, hard: options.hard });
          const { job } = await mutate<{ job: JobRow }>(runner, mutation, `job { ${fields} }`, input);
          print.done(job, said(job));
        }),
      );
  verb('kill', 'jobKill', 'end a running job, for good', ({ name }) => `Asked for the end of ${name}.`);
  verb('remove', 'jobRemove', 'move a job to the journal: a running one when its run ends', ({ name, journaled }) =>
    journaled ? `Moved ${name} to the journal.` : `${name} goes to the journal when its run ends.`,
  ).option('--hard', 'end the run and move the job at once');
  verb('restart', 'jobRestart', 'run a job again', ({ id, name }) => `${name} runs next: ${id}.`);
}
