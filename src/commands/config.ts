import type { Command } from 'commander';
import { configOf, noun, plainAction, type Session, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';
import type { Plan } from '#plugins/configure.ts';

/** `gatehouse config …` */
export function configCommand(program: Command, shell: Shell): void {
  const config = noun(program, 'config', 'the config: file and environment together');
  config
    .command('print')
    .description('print the effective values, secrets masked')
    .addHelpText('after', examples('gatehouse config print', 'GATEHOUSE_HTTP_PORT=8080 gatehouse config print --json'))
    .action(
      plainAction(shell, async (session) => {
        const values = (await planOf(session)).config.print();
        session.print.thing(values, flatten(values));
      }),
    );
  config
    .command('check')
    .description('look for faults, all at once, and start nothing')
    .addHelpText('after', examples('gatehouse --config production.json config check'))
    .action(
      plainAction(shell, async (session) => {
        const { path } = await configOf(session);
        const plugins = (await planOf(session)).plugins.map(({ name }) => name);
        session.print.done({ path, plugins }, `${path ?? 'The config'} is good. Plugins: ${plugins.join(', ')}.`);
      }),
    );
}

/** Everything that can be said of the config without starting anything. */
export async function planOf(session: Session<unknown>): Promise<Plan> {
  const { makePlan } = await import('#plugins/configure.ts');
  const { roomSections } = await import('#gateway');
  const { content, folder } = await configOf(session);
  return makePlan({ content, folder, environment: session.terminal.environment, sections: roomSections });
}

/** A tree of values as dotted paths. */
function flatten(value: unknown, path = ''): (readonly [name: string, value: string])[] {
  const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isTree && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, below]) => flatten(below, path === '' ? key : `${path}.${key}`));
  return [[path, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]];
}
