import { type Command, Option } from 'commander';
import { accountKeyOf } from '#commands/account-row.ts';
import { readDuration } from '#commands/duration.ts';
import { exits, misuse } from '#commands/failure.ts';
import { hookDeliveriesCommand } from '#commands/hook-deliveries.ts';
import { type ListOptions, listOptions, moreRemark, oneMore, pageFields, readAll } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface HookRow {
  readonly id: string;
  readonly number: number;
  readonly event: string;
  readonly target: string;
  readonly globalHook: boolean;
  readonly state: string;
  readonly disabledReason: string | null;
  readonly owner: { readonly name: string } | null;
}

const fields = 'id number event target globalHook state disabledReason owner { name }';

const stateOf = ({ state, disabledReason }: HookRow): string =>
  [state, disabledReason]
    .flatMap((word) => word ?? [])
    .join(' ')
    .toLowerCase();

const columns: readonly Column<HookRow>[] = [
  { head: 'NUMBER', cell: ({ number }) => number, right: true },
  { head: 'EVENT', cell: ({ event }) => event },
  { head: 'TARGET', cell: ({ target }) => target },
  { head: 'OF', cell: ({ globalHook }) => (globalHook ? 'all' : 'owner') },
  { head: 'OWNER', cell: ({ owner }) => owner?.name },
  { head: 'STATE', cell: stateOf },
  { head: 'ID', cell: ({ id }) => id },
];

/** `gatehouse hook …` */
export function hookCommand(program: Command, shell: Shell): void {
  const hooks = noun(program, 'hook', 'hooks: events posted to targets');
  create(hooks, shell);
  list(hooks, shell);
  test(hooks, shell);
  replay(hooks, shell);
  rotate(hooks, shell);
  hookDeliveriesCommand(hooks, shell);
}

interface Creation {
  readonly owner?: string;
  readonly global?: boolean;
  readonly payload?: string;
  readonly change?: boolean;
  readonly scope?: readonly string[];
  readonly subject?: string;
  readonly ordered?: boolean;
  readonly signing?: string;
}

function create(hooks: Command, shell: Shell): void {
  hooks
    .command('create <event> <target>')
    .description('make a hook and print its secret, this once')
    .option('-o, --owner <account>', 'whose it is: name, email or id; with --url one’s own unless given')
    .option('--global', 'also for what others than its owner do')
    .addOption(new Option('--payload <form>', 'what it sends: nsot unless given').choices(['nsot', 'standard', 'thin']))
    .option('--change', 'with the state before and after, in standard payloads')
    .option('--scope <kind/value>', 'only events with this fact; may be repeated', oneMore)
    .option('--subject <id>', 'only events about this thing')
    .option('--ordered', 'events of a subject one after another')
    .addOption(new Option('--signing <kind>', 'how it signs: hmac unless given').choices(['hmac', 'ed25519']))
    .addHelpText(
      'after',
      examples(
        'gatehouse hook create device.update https://hooks.example.net/in --owner ann --global',
        "gatehouse hook create 'network.*' https://hooks.example.net/in --owner ann --payload standard",
      ),
    )
    .action(
      action<Creation, [event: string, target: string]>(shell, async ({ runner, print, options }, event, target) => {
        const { owner, global, payload, change, scope, subject, ordered, signing } = options;
        if (owner === undefined && runner.gateway) throw misuse('Say whose hook it is: --owner.');
        const input = given({
          event,
          target,
          owner: owner === undefined ? undefined : accountKeyOf(owner),
          globalHook: global,
          payload: payload?.toUpperCase(),
          includeChange: change,
          scope: scope?.map(factOf),
          subject,
          ordering: ordered ? 'SUBJECT' : undefined,
          signing: signing?.toUpperCase(),
        });
        const selected = `secret hook { ${fields} }`;
        const { hook, secret } = await mutate<{ hook: HookRow; secret: string }>(runner, 'hookCreate', selected, input);
        print.thing({ hook, secret }, [
          ['secret', secret],
          ['number', hook.number],
          ['event', hook.event],
          ['target', hook.target],
          ['state', stateOf(hook)],
          ['id', hook.id],
        ]);
        print.remark('The secret is shown this once: whoever receives checks signatures with it.');
      }),
    );
}

function factOf(text: string): { readonly kind: string; readonly value: string } {
  const slash = text.indexOf('/');
  if (slash < 1) throw misuse(`--scope ${text}: give a kind and a value, such as site/U2l0ZTow….`);
  return { kind: text.slice(0, slash), value: text.slice(slash + 1) };
}

function list(hooks: Command, shell: Shell): void {
  listOptions(hooks.command('list'))
    .description('list hooks, the newest first')
    .addOption(new Option('--state <state>', 'only those in this').choices(['active', 'disabled', 'suspended']))
    .option('--event <pattern>', 'only for this; * and ? stand for any characters')
    .option('--target <pattern>', 'only those that post here; * and ? stand for any characters')
    .addHelpText('after', examples('gatehouse hook list --state disabled', "gatehouse hook list --event 'device.*'"))
    .action(
      action<ListOptions & { readonly state?: string; readonly event?: string; readonly target?: string }>(
        shell,
        async ({ runner, print, options }) => {
          const { state, event, target } = options;
          const filter = given({
            state: state === undefined ? undefined : [state.toUpperCase()],
            event: event === undefined ? undefined : { like: event },
            target: target === undefined ? undefined : { like: target },
          });
          const document = `query ($filter: HookFilter, $first: Int, $after: String) {
            list: hooks(filter: $filter, first: $first, after: $after) { ${pageFields(fields)} }
          }`;
          const found = await readAll<HookRow>(runner, options, document, { filter });
          print.list(found.rows, columns);
          const more = moreRemark(found);
          if (more) print.remark(more);
        },
      ),
    );
}

interface AttemptRow {
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly responseExcerpt: string | null;
}

function test(hooks: Command, shell: Shell): void {
  hooks
    .command('test <id>')
    .description('send sample data at once, and tell what came of it; exit 1 when the target did not take it')
    .addHelpText('after', examples('gatehouse hook test SG9vazowMTk5…'))
    .action(
      action(shell, async ({ runner, print }, id) => {
        const selected = `hook { target } attempt { durationMs status error responseExcerpt }`;
        const tested = await mutate<{ hook: HookRow; attempt: AttemptRow }>(runner, 'hookTest', selected, { id });
        const { status, error, durationMs, responseExcerpt } = tested.attempt;
        print.thing(tested.attempt, [
          ['target', tested.hook.target],
          ['result', error ?? 'taken'],
          ['status', status],
          ['milliseconds', durationMs],
          ['answer', responseExcerpt],
        ]);
        return error === null ? exits.done : exits.failed;
      }),
    );
}

interface Replay {
  readonly from: string;
  readonly to?: string;
  readonly dead?: boolean;
}

function replay(hooks: Command, shell: Shell): void {
  hooks
    .command('replay <id>')
    .description('send what happened again, or for the first time')
    .requiredOption('--from <point>', 'where to begin: an instant, a cursor, or start for the first event there is')
    .option('--to <point>', 'where to end; the newest event unless given')
    .option('--dead', 'only what was given up')
    .addHelpText(
      'after',
      examples(
        'gatehouse hook replay SG9vazowMTk5… --from 2026-03-01T09:30:00Z --dead',
        'gatehouse hook replay SG9vazowMTk5… --from start',
      ),
    )
    .action(
      action<Replay>(shell, async ({ runner, print, options }, id) => {
        const { from, to, dead } = options;
        const input = given({
          id,
          from: pointOf(from),
          to: to === undefined ? undefined : pointOf(to),
          only: dead ? 'DEAD' : undefined,
        });
        const selected = 'count fromSequence toSequence';
        const done = await mutate<{ count: number; fromSequence: string; toSequence: string }>(
          runner,
          'hookReplay',
          selected,
          input,
        );
        const { count, fromSequence, toSequence } = done;
        const what = count === 1 ? '1 delivery goes' : `${count} deliveries go`;
        print.done(done, `${what} out, of the events from ${fromSequence} to ${toSequence}.`);
      }),
    );
}

/** Instants begin with a year. */
function pointOf(text: string): Readonly<Record<string, unknown>> {
  if (text === 'start') return { start: true };
  return /^\d{4}-/.test(text) ? { time: text } : { cursor: text };
}

function rotate(hooks: Command, shell: Shell): void {
  hooks
    .command('rotate <id>')
    .description('give a hook a new secret and print it, this once')
    .option('--keep-old <duration>', 'how long the old secrets sign as well: 24h unless given')
    .addHelpText(
      'after',
      examples('gatehouse hook rotate SG9vazowMTk5…', 'gatehouse hook rotate SG9vazowMTk5… --keep-old 0'),
    )
    .action(
      action<{ readonly keepOld?: string }>(shell, async ({ runner, print, options }, id) => {
        const { keepOld } = options;
        const seconds = keepOld === undefined ? undefined : Math.ceil(readDuration('keep-old', keepOld) / 1000);
        const { secret } = await mutate<{ secret: string }>(
          runner,
          'hookSecretRotate',
          'secret',
          given({ id, keepOld: seconds }),
        );
        print.thing({ secret }, [['secret', secret]]);
        print.remark('The secret is shown this once: whoever receives checks signatures with it.');
      }),
    );
}
