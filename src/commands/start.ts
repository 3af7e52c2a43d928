import type { Command } from 'commander';
import { failure } from '#commands/failure.ts';
import { configOf, plainAction, type Session, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';
import type { Gateway } from '#gateway';

/** `gatehouse start` */
export function startCommand(program: Command, shell: Shell): void {
  program
    .command('start')
    .description('serve the graph and do the work behind it, in one process')
    .addHelpText(
      'after',
      examples('gatehouse start', 'PORT=8080 gatehouse start', 'DATABASE_URL=postgresql://… gatehouse start'),
    )
    .action(
      plainAction(shell, async (session) => {
        await serving(session, async (gateway) => {
          const url = await listening(gateway);
          gateway.work();
          const graphql = `${url}/graphql`;
          session.print.item({ url, graphql }, `Gatehouse is at ${url}. Open ${graphql} in a browser for GraphiQL.`);
        });
      }),
    );
}

/** Starts a gateway, has it do something, and ends it when the command is to stop. */
export async function serving(
  session: Session<unknown>,
  begin: (gateway: Gateway) => Promise<void> | void,
): Promise<void> {
  const { createGateway } = await import('#gateway');
  const { environment, stopped } = session.terminal;
  const { content, folder } = await configOf(session);
  const gateway = await createGateway({ config: content as Record<string, unknown>, folder, environment });
  try {
    await begin(gateway);
    await until(AbortSignal.any([stopped, gateway.leaving]));
  } finally {
    await gateway.dispose();
  }
}

async function listening(gateway: Gateway): Promise<string> {
  try {
    return await gateway.listen();
  } catch (error) {
    // It says what is the matter with the address, and what to do.
    throw failure('ADDRESS', error instanceof Error ? error.message : String(error));
  }
}

/** Waits, and keeps the process alive: a gateway without doors has nothing else that would. */
function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => {}, 2 ** 30);
    const end = () => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
