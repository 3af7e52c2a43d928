import type { Command } from 'commander';
import { type AccountRow, accountFields, accountKeyOf, readPassword } from '#commands/account-row.ts';
import { readEtag } from '#commands/etag.ts';
import { oneMore } from '#commands/listing.ts';
import { mutate, type Runner } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import { examples, given, type Input, orNone } from '#commands/things.ts';

interface Update {
  readonly name?: string;
  readonly email?: string;
  readonly realName?: string;
  readonly role?: readonly string[];
  readonly permission?: readonly string[];
  readonly active?: boolean;
}

interface Changed {
  readonly changed: boolean;
  readonly account: AccountRow;
}

/** `gatehouse account update|deactivate|password|delete` */
export function accountChanges(accounts: Command, shell: Shell): void {
  accounts
    .command('update <account>')
    .description('change what is given of an account and leave the rest')
    .option('--name <name>', 'a new name')
    .option('--email <address>', 'a new email address; none for no email')
    .option('--real-name <name>', 'whose it is')
    .option('--role <name>', 'all roles that it is to have; may be repeated', oneMore)
    .option('--permission <permission>', 'all permissions of its own that it is to have; may be repeated', oneMore)
    .option('--active', 'let it act again')
    .addHelpText('after', examples('gatehouse account update ann --real-name "Ann Smith" --role network-editor'))
    .action(
      action<Update>(shell, async ({ runner, print, options }, key) => {
        const { changed, account } = await update(runner, key, {
          name: options.name,
          email: orNone(options.email, (text) => text),
          realName: options.realName,
          roles: options.role,
          permissions: options.permission,
          isActive: options.active,
        });
        print.done(account, changed ? `Updated account ${account.name}.` : `Nothing to change: ${account.name}.`);
      }),
    );
  accounts
    .command('deactivate <account>')
    .description('let an account do nothing any more, and end all its sessions and streams')
    .addHelpText('after', examples('gatehouse account deactivate ann'))
    .action(
      action(shell, async ({ runner, print }, key) => {
        const { account } = await update(runner, key, { isActive: false });
        print.done(account, `Deactivated account ${account.name}.`);
      }),
    );
  accounts
    .command('password <account>')
    .description('give an account a password, read from standard input, and end all its sessions and streams')
    .option('--must-change', 'demand another one at the next sign-in')
    .addHelpText('after', examples('gatehouse account password ann < password.txt'))
    .action(
      action<{ readonly mustChange?: boolean }>(shell, async ({ runner, print, options, terminal }, key) => {
        const password = await readPassword(terminal);
        const { account } = await update(runner, key, { password, mustChangePassword: options.mustChange });
        print.done(account, `Changed the password of account ${account.name}.`);
      }),
    );
  accounts
    .command('delete <account>')
    .description('delete an account with its sessions and keys; what it did keeps its name')
    .addHelpText('after', examples('gatehouse account delete ann'))
    .action(
      action(shell, async ({ runner, print }, key) => {
        const by = accountKeyOf(key);
        const input = { by, etag: await readEtag(runner, 'account', by) };
        const { deletedId } = await mutate<{ deletedId: string }>(runner, 'accountDelete', 'deletedId', input);
        print.done({ deletedId }, `Deleted account ${key}.`);
      }),
    );
}

async function update(runner: Runner, key: string, change: Input): Promise<Changed> {
  const by = accountKeyOf(key);
  const input = given({ by, etag: await readEtag(runner, 'account', by), ...change });
  return mutate<Changed>(runner, 'accountUpdate', `changed account { ${accountFields} }`, input);
}
