import type { Command } from 'commander';
import { planOf } from '#commands/config.ts';
import { readDuration } from '#commands/duration.ts';
import {
  type ListOptions,
  listOptions,
  moreRemark,
  oneMore,
  pageFields,
  readAll,
  wholeNumber,
} from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { eventFields, type Runner, type ShownEvent } from '#commands/runner.ts';
import { action, hereOnly, noun, type RunnerSession, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';
import type { EventsConfig } from '#resolvers/platform/events/config.ts';
import { renewEventLog, trimEventLog } from '#resolvers/platform/events/retention.ts';

const columns: readonly Column<ShownEvent>[] = [
  { head: 'SEQUENCE', cell: ({ sequence }) => sequence, right: true },
  { head: 'WHEN', cell: ({ occurredAt }) => occurredAt },
  { head: 'EVENT', cell: ({ name }) => name },
  { head: 'ACTOR', cell: ({ actor }) => actor.name },
  { head: 'SUBJECT', cell: ({ subjectId }) => subjectId },
];

const line = ({ sequence, occurredAt, name, actor, data }: ShownEvent): string =>
  `${sequence} ${occurredAt} ${name} by ${actor.name} ${JSON.stringify(data)}`;

interface Filter {
  readonly name?: readonly string[];
  readonly subject?: readonly string[];
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
}

const filterOptions = (command: Command): Command =>
  command
    .option('--name <pattern>', 'a full name, a prefix with .*, or *; may be repeated', oneMore)
    .option('--subject <id>', 'about this thing; may be repeated', oneMore)
    .option('--actor <id>', 'done by this account')
    .option('--since <instant>', 'not before, such as 2026-03-01T09:30:00Z')
    .option('--until <instant>', 'before');

const filterOf = ({ name, subject, actor, since, until }: Filter) =>
  given({ names: name, subjects: subject, actor, from: since, to: until });

/** `gatehouse event …` */
export function eventCommand(program: Command, shell: Shell): void {
  const events = noun(program, 'event', 'the event log: everything that happened');
  filterOptions(listOptions(events.command('list')))
    .description('list events, the newest first')
    .addHelpText('after', examples("gatehouse event list --name 'network.device.*' --limit 20"))
    .action(
      action<Filter & ListOptions>(shell, async ({ runner, print, options }) => {
        const document = `query ($filter: EventFilter, $first: Int, $after: String) {
          list: events(filter: $filter, first: $first, after: $after) { ${pageFields(eventFields)} }
        }`;
        const found = await readAll<ShownEvent>(runner, options, document, { filter: filterOf(options) });
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  filterOptions(events.command('tail'))
    .description('follow events as they happen, until interrupted')
    .option('--after <cursor>', 'begin after this one instead of now')
    .option('-n, --count <count>', 'end after so many', wholeNumber)
    .addHelpText('after', examples('gatehouse --url http://localhost:4000 event tail --name network.* --json'))
    .action(action<Filter & Tail>(shell, tail));
  events
    .command('trim')
    .description('delete events that are older than their time, as the gateway does every hour')
    .option('--live <duration>', 'how long events are kept that are no audit history; else as the config says')
    .option('--audit <duration>', 'the same for audit history')
    .addHelpText('after', examples('gatehouse event trim --live 7d'))
    .action(
      action<Periods>(shell, async (session) => {
        const gateway = hereOnly(session.runner);
        const floor = await trimEventLog(gateway.context(), await periodsOf(session));
        session.print.done({ floor }, `Nothing is missing from event ${floor} on.`);
      }),
    );
  events
    .command('epoch')
    .description('show the state of the log, or begin a new life of it: to be done after every restore')
    .option('--new', 'begin a new life: cursors from before no longer count')
    .addHelpText('after', examples('gatehouse event epoch', 'gatehouse event epoch --new'))
    .action(
      action<{ readonly new?: boolean }>(shell, async ({ runner, print, options }) => {
        if (options.new) await renewEventLog(hereOnly(runner).context());
        const log = await readLog(runner);
        print.thing(log, [
          ['epoch', log.epoch],
          ['head', log.head],
          ['floor', log.floor],
          ['oldest', log.oldestAt],
          ['cursor', log.cursor],
        ]);
      }),
    );
}

interface Tail {
  readonly after?: string;
  readonly count?: number;
}

async function tail({ runner, print, terminal, options }: RunnerSession<Filter & Tail>): Promise<void> {
  const { after = null, count = Number.POSITIVE_INFINITY } = options;
  if (count === 0) return;
  const enough = new AbortController();
  const signal = AbortSignal.any([terminal.stopped, enough.signal]);
  let seen = 0;
  for await (const item of runner.follow({ filter: filterOf(options), after }, signal)) {
    if ('missing' in item) {
      print.remark(item.missing);
      continue;
    }
    print.item(item.event, line(item.event));
    seen += 1;
    if (seen >= count) enough.abort();
    if (signal.aborted) return;
  }
}

interface Periods {
  readonly live?: string;
  readonly audit?: string;
}

async function periodsOf(session: RunnerSession<Periods>) {
  const plan = await planOf(session);
  const { retention } = plan.config.section('events') as EventsConfig;
  const { live, audit } = session.options;
  return {
    live: live === undefined ? retention.live : readDuration('live', live),
    audit: audit === undefined ? retention.audit : readDuration('audit', audit),
  };
}

interface LogState {
  readonly epoch: string;
  readonly head: string;
  readonly floor: string;
  readonly oldestAt: string | null;
  readonly cursor: string;
}

async function readLog(runner: Runner): Promise<LogState> {
  const { eventLog } = await runner.run<{ eventLog: LogState }>('{ eventLog { epoch head floor oldestAt cursor } }');
  return eventLog;
}
