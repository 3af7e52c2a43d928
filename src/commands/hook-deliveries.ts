import { type Command, Option } from 'commander';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { action, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface DeliveryRow {
  readonly id: string;
  readonly eventName: string;
  readonly state: string;
  readonly deadReason: string | null;
  readonly attemptCount: number;
  readonly series: number;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly hook: { readonly number: number } | null;
  readonly attempts: readonly { readonly status: number | null; readonly error: string | null }[];
}

const fields =
  'id eventName state deadReason attemptCount series nextAttemptAt createdAt hook { number } attempts { status error }';

const lastOf = ({ attempts }: DeliveryRow): string | null => {
  const last = attempts.at(-1);
  return last
    ? [last.error, last.status]
        .flatMap((part) => part ?? [])
        .join(' ')
        .toLowerCase()
    : null;
};

const columns: readonly Column<DeliveryRow>[] = [
  { head: 'HOOK', cell: ({ hook }) => hook?.number, right: true },
  { head: 'EVENT', cell: ({ eventName }) => eventName },
  {
    head: 'STATE',
    cell: ({ state, deadReason }) =>
      [state, deadReason]
        .flatMap((word) => word ?? [])
        .join(' ')
        .toLowerCase(),
  },
  { head: 'ATTEMPTS', cell: ({ attemptCount }) => attemptCount, right: true },
  { head: 'LAST', cell: lastOf },
  { head: 'NEXT', cell: ({ nextAttemptAt }) => nextAttemptAt },
  { head: 'MADE', cell: ({ createdAt }) => createdAt },
  { head: 'ID', cell: ({ id }) => id },
];

interface Filter extends ListOptions {
  readonly state?: string;
  readonly event?: string;
  readonly since?: string;
  readonly until?: string;
}

/** `gatehouse hook deliveries …` */
export function hookDeliveriesCommand(hooks: Command, shell: Shell): void {
  listOptions(hooks.command('deliveries'))
    .argument('[hook]', 'only of this hook, by its id')
    .description('list what hooks deliver and delivered, the newest first')
    .addOption(
      new Option('--state <state>', 'only those in this').choices([
        'pending',
        'retrying',
        'succeeded',
        'dead',
        'cancelled',
      ]),
    )
    .option('--event <pattern>', 'only of this event; * and ? stand for any characters')
    .option('--since <instant>', 'not made before, such as 2026-03-01T09:30:00Z')
    .option('--until <instant>', 'made before')
    .addHelpText(
      'after',
      examples('gatehouse hook deliveries --state dead', 'gatehouse hook deliveries SG9vazowMTk5… --limit 20'),
    )
    .action(
      action<Filter, [hook?: string]>(shell, async ({ runner, print, options }, hook) => {
        const { state, event, since, until } = options;
        const filter = given({
          hook,
          state: state === undefined ? undefined : [state.toUpperCase()],
          event: event === undefined ? undefined : { like: event },
          from: since,
          to: until,
        });
        const document = `query ($filter: HookDeliveryFilter, $first: Int, $after: String) {
          list: hookDeliveries(filter: $filter, first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const found = await readAll<DeliveryRow>(runner, options, document, { filter });
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
}
