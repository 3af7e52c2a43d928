import type { Command } from 'commander';
import { printSchema } from 'graphql';
import { planOf } from '#commands/config.ts';
import { noun, plainAction, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';
import { makeSchema } from '#gateway';

/** `gatehouse schema …` */
export function schemaCommand(program: Command, shell: Shell): void {
  noun(program, 'schema', 'the graph of the listed plugins')
    .command('print')
    .description('print it in the schema definition language')
    .addHelpText('after', examples('gatehouse schema print > schema.graphql'))
    .action(
      plainAction(shell, async (session) => {
        const plan = await planOf(session);
        const text = printSchema(makeSchema(plan.plugins, plan.catalogue));
        session.terminal.out(session.print.asJson ? `${JSON.stringify({ schema: text })}\n` : `${text}\n`);
      }),
    );
}
