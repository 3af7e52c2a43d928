import type { Command } from 'commander';
import { exits, misuse } from '#commands/failure.ts';
import type { openLocal } from '#commands/local-runner.ts';
import { Printer } from '#commands/output.ts';
import { openRemote } from '#commands/remote-runner.ts';
import type { Runner } from '#commands/runner.ts';
import type { Terminal } from '#commands/terminal.ts';
import type { Gateway } from '#gateway';
import { type ConfigFile, readConfigFile } from '#kernel/config-file.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** Everything that commands share in one call. */
export interface Shell {
  readonly terminal: Terminal;
  /** Opens a gateway in this process; tests have one that is open already. */
  openLocal: typeof openLocal;
  /** The exit code, once the command is through. */
  exit: number;
}

/** What an action gets to work with. */
export interface Session<Options> {
  readonly terminal: Terminal;
  readonly print: Printer;
  /** The command's own options and the global ones. */
  readonly options: Options & GlobalOptions;
}

export interface RunnerSession<Options> extends Session<Options> {
  readonly runner: Runner;
}

/** What is done. A number is an exit code other than 0. */
type Outcome = Promise<unknown>;

/** An action of commander that works without any gateway. */
export function plainAction<Options, Words extends readonly unknown[] = [word: string]>(
  shell: Shell,
  work: (session: Session<Options>, ...words: Words) => Outcome,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const words = all.slice(0, -2) as unknown as Words;
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    const print = new Printer(shell.terminal, options.json ?? false);
    const outcome = await work({ terminal: shell.terminal, print, options }, ...words);
    shell.exit = typeof outcome === 'number' ? outcome : exits.done;
  };
}

/**
 * An action that runs documents: in this process as the system, or with `--url` on a running gateway. The gateway in
 * this process is ended whatever happens.
 */
export function action<Options, Words extends readonly unknown[] = [word: string]>(
  shell: Shell,
  work: (session: RunnerSession<Options>, ...words: Words) => Outcome,
): (...all: unknown[]) => Promise<void> {
  return plainAction<Options, Words>(shell, async (session, ...words) => {
    const runner = await openRunner(shell, session.options);
    try {
      return await work({ ...session, runner }, ...words);
    } finally {
      await runner.close();
    }
  });
}

function openRunner(
  { terminal: { environment, folder }, openLocal }: Shell,
  options: GlobalOptions,
): Promise<Runner> | Runner {
  const url = options.url ?? environment.GATEHOUSE_URL;
  if (url) return openRemote(url, options.token ?? environment.GATEHOUSE_TOKEN);
  if (options.token !== undefined) throw misuse('--token goes with --url: a command in this process is the system.');
  return openLocal({ configFile: configFile(options, environment), folder, environment });
}

const configFile = (options: GlobalOptions, environment: Terminal['environment']): string | undefined =>
  options.config ?? environment.GATEHOUSE_CONFIG;

/** The config file that a command means. */
export const configOf = ({ terminal: { environment, folder }, options }: Session<unknown>): Promise<ConfigFile> =>
  readConfigFile(configFile(options, environment), folder);

/** The gateway in this process, for what can only be done where its database is. */
export function hereOnly({ gateway }: Runner): Gateway {
  if (gateway) return gateway;
  throw misuse('This works on the database itself: run it where the gateway runs, without --url.');
}

/** A noun with its verbs below. */
export const noun = (program: Command, name: string, description: string): Command =>
  program.command(name).description(description);
