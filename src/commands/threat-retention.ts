import type { Command } from 'commander';
import { mutate } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';

/** What a sweep removes, in the words of the graph and of people. */
const kinds = {
  statuses: 'statuses',
  resultSets: 'result sets',
  contentBlocks: 'content blocks',
  supersededVersions: 'superseded versions',
  inboxMessages: 'inbox messages',
  endedSubscriptions: 'ended subscriptions',
} as const;

type Swept = Readonly<Record<keyof typeof kinds | 'interruptedStatuses', number>>;

/** `gatehouse threat retention` */
export function threatRetention(threat: Command, shell: Shell): void {
  threat
    .command('retention')
    .description('remove what has been kept for as long as `threat.retention` says, as a job does every hour')
    .option('--dry-run', 'only count it')
    .addHelpText('after', examples('gatehouse threat retention --dry-run', 'gatehouse threat retention'))
    .action(
      action<{ readonly dryRun?: boolean }>(shell, async ({ runner, print, options }) => {
        const { dryRun = false } = options;
        const fields = [...Object.keys(kinds), 'interruptedStatuses'].join(' ');
        const swept = await mutate<Swept>(runner, 'threatRetentionRun', fields, { dryRun });
        const lines = Object.entries(kinds).map(([kind, words]) => `${words}: ${swept[kind as keyof Swept]}`);
        print.done(swept, `${dryRun ? 'Would be removed' : 'Removed'}: ${lines.join(', ')}.`);
      }),
    );
}
