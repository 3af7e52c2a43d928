import type { Command } from 'commander';
import { accountKeyOf } from '#commands/account-row.ts';
import { misuse } from '#commands/failure.ts';
import { mutate, type Runner } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { readValue } from '#commands/store.ts';
import { examples, given } from '#commands/things.ts';

interface Owner {
  readonly account?: string;
}

interface Change extends Owner {
  readonly etag?: string;
}

const whose = '-a, --account <account>';
const whoseHelp = 'whose: name, email or id; with --url one’s own unless given';
const pathHelp = 'the names from the root down, each a word of its own';

/** `gatehouse setting …` */
export function settingCommand(program: Command, shell: Shell): void {
  const settings = noun(program, 'setting', 'what accounts set for themselves, over defaults');
  settings
    .command('get')
    .argument('[path...]', pathHelp)
    .description('print what an account has at a path, with the defaults, as JSON')
    .option(whose, whoseHelp)
    .addHelpText('after', examples('gatehouse setting get --account ann table rows'))
    .action(
      action<Owner, [path: string[]]>(shell, async ({ runner, print, options }, path) => {
        const document = 'query ($path: [String!], $account: AccountKey) { setting(path: $path, account: $account) }';
        const { setting } = await runner.run<{ setting: unknown }>(document, { path, ...owner(runner, options) });
        print.lines(setting, JSON.stringify(setting, null, 2).split('\n'));
      }),
    );
  settings
    .command('set <value> [path...]')
    .description('merge a JSON value into what an account has set at a path; - reads it from standard input')
    .option(whose, whoseHelp)
    .option('--etag <etag>', 'only if this is the state of its settings')
    .addHelpText('after', examples('gatehouse setting set 20 table rows --account ann'))
    .action(
      action<Change, [value: string, path: string[]]>(
        shell,
        async ({ runner, print, terminal, options }, text, path) => {
          const value = await readValue(terminal, text === '-' ? undefined : text, 'value');
          const input = given({ path, value, etag: options.etag, ...owner(runner, options) });
          const done = await mutate<{ changed: boolean; value: unknown }>(
            runner,
            'settingUpdate',
            'changed value etag',
            input,
          );
          print.done(done, done.changed ? `Set ${spoken(path)}.` : `Nothing to change: ${spoken(path)} is so.`);
        },
      ),
    );
  settings
    .command('delete')
    .argument('[path...]', pathHelp)
    .description('drop what an account has set at a path, so that the defaults show again')
    .option(whose, whoseHelp)
    .option('--etag <etag>', 'only if this is the state of its settings')
    .addHelpText('after', examples('gatehouse setting delete table rows --account ann'))
    .action(
      action<Change, [path: string[]]>(shell, async ({ runner, print, options }, path) => {
        const input = given({ path, etag: options.etag, ...owner(runner, options) });
        const done = await mutate<{ value: unknown }>(runner, 'settingDelete', 'value etag', input);
        print.done(done, `Dropped ${spoken(path)}.`);
      }),
    );
}

const spoken = (path: readonly string[]): string => (path.length === 0 ? 'all settings' : path.join(' › '));

/** The gateway itself has no settings. */
function owner(runner: Runner, { account }: Owner): Readonly<Record<string, unknown>> {
  if (account === undefined && runner.gateway) throw misuse('Say whose settings: --account.');
  return account === undefined ? {} : { account: accountKeyOf(account) };
}
