import type { Command } from 'commander';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';

interface Changed {
  readonly changed: boolean;
}

/** `gatehouse maintenance …` */
export function maintenanceCommand(program: Command, shell: Shell): void {
  const maintenance = noun(program, 'maintenance', 'have no jobs started for a while');
  maintenance
    .command('enter')
    .argument('[project]', 'the first part of the names of jobs; all jobs unless given')
    .description('have no more jobs started; what runs goes on')
    .addHelpText('after', examples('gatehouse maintenance enter', 'gatehouse maintenance enter network'))
    .action(
      action<object, [project?: string]>(shell, async ({ runner, print }, project) => {
        const done = await mutate<Changed>(runner, 'maintenanceEnter', 'changed', { project });
        print.done(done, done.changed ? `${whose(project)} are not started any more.` : 'It was so already.');
      }),
    );
  maintenance
    .command('leave')
    .argument('[project]', 'the project; the maintenance of all jobs unless given')
    .description('have jobs started again')
    .addHelpText('after', examples('gatehouse maintenance leave'))
    .action(
      action<object, [project?: string]>(shell, async ({ runner, print }, project) => {
        const done = await mutate<Changed>(runner, 'maintenanceLeave', 'changed', { project });
        print.done(done, done.changed ? `${whose(project)} are started again.` : 'It was not in maintenance.');
      }),
    );
}

const whose = (project: string | undefined): string => (project === undefined ? 'Jobs' : `Jobs of ${project}`);
