import type { Command } from 'commander';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface SummaryRow {
  readonly name: string;
  readonly state: string;
  readonly zombie: boolean;
  readonly wall: boolean;
  readonly removed: boolean;
  readonly killed: boolean;
  readonly n: number;
  readonly progress: number;
}

const states = ['pending', 'deferred', 'failed', 'running', 'error', 'inactive', 'killed'] as const;
type Sample = Readonly<Record<(typeof states)[number] | 'total', number>> & { readonly at: string };

/** `gatehouse queue …` */
export function queueCommand(program: Command, shell: Shell): void {
  const queue = noun(program, 'queue', 'the queue of jobs as a whole');
  queue
    .command('summary')
    .description('count what it holds, by name, state and flags')
    .addHelpText('after', examples('gatehouse queue summary'))
    .action(
      action(shell, async ({ runner, print }) => {
        const { rows } = await runner.run<{ rows: readonly SummaryRow[] }>(
          '{ rows: queueSummary { name state zombie wall removed killed n progress } }',
        );
        print.list(rows, [
          { head: 'NAME', cell: ({ name }) => name },
          { head: 'STATE', cell: ({ state }) => state.toLowerCase() },
          {
            head: 'FLAGS',
            cell: (row) => (['zombie', 'wall', 'removed', 'killed'] as const).filter((flag) => row[flag]).join(' '),
          },
          { head: 'JOBS', cell: ({ n }) => n, right: true },
          { head: 'PROGRESS', cell: ({ progress }) => `${Math.round(progress * 100)}%`, right: true },
        ]);
      }),
    );
  listOptions(queue.command('history'))
    .description('show it over a time, in pieces that fit its length: of each the moment with the most jobs')
    .option('--since <instant>', 'where it begins; else midnight seven days ago')
    .option('--until <instant>', 'where it ends')
    .addHelpText('after', examples('gatehouse queue history --since 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z'))
    .action(
      action<ListOptions & { readonly since?: string; readonly until?: string }>(
        shell,
        async ({ runner, print, options }) => {
          const document = `query ($from: DateTime, $to: DateTime, $first: Int, $after: String) {
            list: queueHistory(from: $from, to: $to, first: $first, after: $after) {
              ${pageFields(`at ${states.join(' ')} total`)} }
          }`;
          const period = given({ from: options.since, to: options.until });
          const found = await readAll<Sample>(runner, options, document, period);
          print.list(found.rows, [
            { head: 'WHEN', cell: ({ at }) => at },
            ...[...states, 'total' as const].map((state) => ({
              head: state.toUpperCase(),
              cell: (sample: Sample) => sample[state],
              right: true,
            })),
          ]);
          const more = moreRemark(found);
          if (more) print.remark(more);
        },
      ),
    );
}
