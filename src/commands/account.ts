import { type Command, Option } from 'commander';
import { accountChanges } from '#commands/account-changes.ts';
import { type AccountRow, accountColumns, accountFields, accountKeyOf, readPassword } from '#commands/account-row.ts';
import { type ListOptions, listOptions, moreRemark, oneMore, pageFields, readAll } from '#commands/listing.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface Creation {
  readonly email?: string;
  readonly realName?: string;
  readonly kind?: string;
  readonly role?: readonly string[];
  readonly permission?: readonly string[];
  readonly passwordStdin?: boolean;
}

/** `gatehouse account …` */
export function accountCommand(program: Command, shell: Shell): void {
  const accounts = noun(program, 'account', 'accounts: who may do something here');
  accounts
    .command('create <name>')
    .description('create an account')
    .option('--email <address>', 'its email address, which it can sign in with too')
    .option('--real-name <name>', 'whose it is')
    .addOption(new Option('--kind <kind>', 'a service signs in with API keys alone').choices(['human', 'service']))
    .option('--role <name>', 'a role of it; may be repeated', oneMore)
    .option(
      '--permission <permission>',
      'a permission of its own, such as network:write@site/SJC; may be repeated',
      oneMore,
    )
    .option('--password-stdin', 'read its password from standard input')
    .addHelpText(
      'after',
      examples(
        'gatehouse account create ann --email ann@example.com --role network-editor --password-stdin < password.txt',
        'gatehouse account create exporter --kind service --permission network:read',
      ),
    )
    .action(
      action<Creation>(shell, async ({ runner, print, terminal, options }, name) => {
        const input = given({
          name,
          email: options.email,
          realName: options.realName,
          kind: options.kind?.toUpperCase(),
          roles: options.role,
          permissions: options.permission,
          password: options.passwordStdin ? await readPassword(terminal) : undefined,
        });
        const selected = `account { ${accountFields} } secretKey`;
        const made = await mutate<{ account: AccountRow; secretKey: string }>(runner, 'accountCreate', selected, input);
        print.done({ ...made.account, secretKey: made.secretKey }, `Created account ${made.account.name}.`);
      }),
    );
  listOptions(accounts.command('list'))
    .description('list accounts by name')
    .addHelpText('after', examples('gatehouse account list'))
    .action(
      action<ListOptions>(shell, async ({ runner, print, options }) => {
        const document = `query ($first: Int, $after: String) {
          list: accounts(first: $first, after: $after) { ${pageFields(accountFields)} }
        }`;
        const found = await readAll<AccountRow>(runner, options, document, {});
        print.list(found.rows, accountColumns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  accountChanges(accounts, shell);
  permissionsCommand(accounts, shell, 'grant', 'give permissions to an account');
  permissionsCommand(accounts, shell, 'revoke', 'take permissions away from an account');
}

function permissionsCommand(accounts: Command, shell: Shell, verb: 'grant' | 'revoke', description: string): void {
  accounts
    .command(`${verb} <account> <permission...>`)
    .description(description)
    .addHelpText('after', examples(`gatehouse account ${verb} ann network:write@site/SJC threat:read`))
    .action(
      action<object, [key: string, permissions: string[]]>(shell, async ({ runner, print }, key, permissions) => {
        const input = { by: accountKeyOf(key), permissions };
        const mutation = verb === 'grant' ? 'accountGrant' : 'accountRevoke';
        const selected = `changed account { ${accountFields} }`;
        const success = await mutate<{ changed: boolean; account: AccountRow | null }>(
          runner,
          mutation,
          selected,
          input,
        );
        const { changed, account } = success;
        const now = account
          ? `${account.name} has ${account.permissions.join(' ') || 'no permissions of its own'}`
          : key;
        print.done({ changed, account }, changed ? `Changed: ${now}.` : `Nothing to change: ${now}.`);
      }),
    );
}
