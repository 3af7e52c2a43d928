import type { Command } from 'commander';
import { planOf } from '#commands/config.ts';
import { noun, plainAction, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';

/** `gatehouse schema …` */
export function schemaCommand(program: Command, shell: Shell): void {
  noun(program, 'schema', 'the graph of the listed plugins')
    .command('print')
    .description('print it in the schema definition language')
    .addHelpText('after', examples('gatehouse schema print > schema.graphql'))
    .action(
      plainAction(shell, async (session) => {
        const { printSchema } = await import('graphql');
        const { makeSchema } = await import('#gateway');
        const plan = await planOf(session);
        const text = printSchema(makeSchema(plan.plugins, plan.catalogue));
        session.terminal.out(session.print.asJson ? `${JSON.stringify({ schema: text })}\n` : `${text}\n`);
      }),
    );
}
