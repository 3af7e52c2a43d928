import { Command, CommanderError } from 'commander';
import { accountCommand } from '#commands/account.ts';
import { addressCommand } from '#commands/allocation.ts';
import { attributeCommand } from '#commands/attribute.ts';
import { changeCommand } from '#commands/change.ts';
import { circuitCommand } from '#commands/circuit.ts';
import { configCommand } from '#commands/config.ts';
import { contentBlocksCommand } from '#commands/content-blocks.ts';
import { dataCollectionCommand } from '#commands/data-collection.ts';
import { deviceCommand } from '#commands/device.ts';
import { eventCommand } from '#commands/event.ts';
import { exits, showErrors, toFailure } from '#commands/failure.ts';
import { hookCommand } from '#commands/hook.ts';
import { infoCommand } from '#commands/info.ts';
import { inventoryCommand } from '#commands/inventory.ts';
import { jobCommand } from '#commands/job.ts';
import { keyCommand } from '#commands/key.ts';
import { maintenanceCommand } from '#commands/maintenance.ts';
import { migrateCommand } from '#commands/migrate.ts';
import { networkCommand } from '#commands/network.ts';
import { networkInterfaceCommand } from '#commands/network-interface.ts';
import { protocolCommand } from '#commands/protocol.ts';
import { protocolTypeCommand } from '#commands/protocol-type.ts';
import { queueCommand } from '#commands/queue.ts';
import { roleCommand } from '#commands/role.ts';
import { schemaCommand } from '#commands/schema.ts';
import { sessionCommand } from '#commands/session.ts';
import { settingCommand } from '#commands/setting.ts';
import type { Shell } from '#commands/shell.ts';
import { siteCommand } from '#commands/site.ts';
import { startCommand } from '#commands/start.ts';
import { storeCommand } from '#commands/store.ts';
import { systemCommand } from '#commands/system.ts';
import { taxiiApiRootCommand } from '#commands/taxii-api-root.ts';
import { taxiiCollectionCommand } from '#commands/taxii-collection.ts';
import { taxiiServiceCommand } from '#commands/taxii-service.ts';
import type { Terminal } from '#commands/terminal.ts';
import { threatCommand } from '#commands/threat.ts';
import { workCommand } from '#commands/work.ts';

/** Loaded when it is needed: a command for a running gateway begins without all that a gateway is made of. */
const openLocal: Shell['openLocal'] = async (options) => (await import('#commands/local-runner.ts')).openLocal(options);

/** Adds the commands of one noun. */
export type AddCommand = (program: Command, shell: Shell) => void;

const commands: readonly AddCommand[] = [
  startCommand,
  workCommand,
  migrateCommand,
  configCommand,
  schemaCommand,
  accountCommand,
  roleCommand,
  sessionCommand,
  keyCommand,
  eventCommand,
  hookCommand,
  jobCommand,
  queueCommand,
  maintenanceCommand,
  systemCommand,
  settingCommand,
  storeCommand,
  infoCommand,
  siteCommand,
  attributeCommand,
  deviceCommand,
  networkCommand,
  networkInterfaceCommand,
  circuitCommand,
  protocolTypeCommand,
  protocolCommand,
  addressCommand,
  changeCommand,
  inventoryCommand,
  taxiiApiRootCommand,
  taxiiCollectionCommand,
  taxiiServiceCommand,
  dataCollectionCommand,
  contentBlocksCommand,
  threatCommand,
];

/**
 * Runs one command line.
 * @param words without the names of the program.
 * @returns the exit code.
 */
export async function runCommand(
  words: readonly string[],
  terminal: Terminal,
  parts: Partial<Pick<Shell, 'openLocal'>> = {},
): Promise<number> {
  const shell: Shell = { terminal, openLocal, exit: exits.done, ...parts };
  try {
    const program = programFor(shell);
    await program.parseAsync(ownOptions(program, words), { from: 'user' });
    return shell.exit;
  } catch (error) {
    // It has written what is wrong already, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.done : exits.usage;
    const failure = toFailure(error);
    const asJson = words.includes('--json');
    if (asJson) terminal.err(`${JSON.stringify({ errors: failure.errors }, null, 2)}\n`);
    else terminal.err(showErrors(failure.errors));
    return failure.exit;
  }
}

/** Short options that mean something else behind a noun than before it, where they are the program's. */
const ownShort: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'content-blocks': { '-c': '--collection' },
};

function ownOptions(program: Command, words: readonly string[]): string[] {
  const nouns = new Set(program.commands.map((command) => command.name()));
  const at = words.findIndex((word) => nouns.has(word));
  const own = ownShort[words[at] ?? ''] ?? {};
  return words.map((word, index) => (index > at && Object.hasOwn(own, word) ? (own[word] ?? word) : word));
}

function programFor(shell: Shell): Command {
  const program = new Command('gatehouse')
    .description('A GraphQL gateway with live events for the people who run networks and defend them.')
    .option('-c, --config <file>', 'the config file; also GATEHOUSE_CONFIG')
    .option('-u, --url <address>', 'a running gateway to ask, instead of its database; also GATEHOUSE_URL')
    .option('-t, --token <token>', 'an API key or session token for --url; better given as GATEHOUSE_TOKEN')
    .option('--json', 'results as JSON')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: (text) => shell.terminal.out(text), writeErr: (text) => shell.terminal.err(text) })
    .showHelpAfterError('Add --help to see how it is used.')
    .exitOverride()
    .addHelpText(
      'after',
      `
Without --url a command works on the database itself, as the system. The embedded database serves one process: while
a gateway runs on it, give --url and a token.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 an import that left rows out.

Examples:
  $ gatehouse start
  $ gatehouse site create SJC --description "San Jose"
  $ gatehouse inventory import prefixes.txt --format prefixes --site SJC
  $ gatehouse --url http://localhost:4000 device list --site SJC`,
    );
  for (const add of commands) add(program, shell);
  return program;
}
