import { constants } from 'node:os';
import { runCommand } from '#commands/program.ts';
import { processTerminal } from '#commands/terminal.ts';

/**
 * Runs a command line as this process. The first SIGINT or SIGTERM asks the command to finish what is under way, the
 * second ends it at once.
 */
export async function runProcess(words: readonly string[]): Promise<void> {
  const stopping = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    if (stopping.signal.aborted) process.exit(128 + constants.signals[signal]);
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A reader that has seen enough, such as `head`, is no failure of the command.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.exitCode = await runCommand(words, processTerminal(stopping.signal));
}
