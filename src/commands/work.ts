import type { Command } from 'commander';
import { plainAction, type Shell } from '#commands/shell.ts';
import { serving } from '#commands/start.ts';
import { examples } from '#commands/things.ts';

/** `gatehouse work` */
export function workCommand(program: Command, shell: Shell): void {
  program
    .command('work')
    .description('do the work behind the graph without serving it, beside processes that do')
    .addHelpText('after', examples('DATABASE_URL=postgresql://… gatehouse work'))
    .action(
      plainAction(shell, async (session) => {
        await serving(session, (gateway) => {
          gateway.work();
          session.print.item({ working: true }, 'Gatehouse is at work.');
        });
      }),
    );
}
