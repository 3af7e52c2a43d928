import { type Command, Option } from 'commander';
import { misuse } from '#commands/failure.ts';
import { keyOf } from '#commands/keys.ts';
import { type ListOptions, listOptions, moreRemark, oneMore, pageFields, readAll } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { examples, given } from '#commands/things.ts';

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly kind: string;
  readonly isActive: boolean;
  readonly permissions: readonly string[];
  readonly roles: readonly { readonly name: string }[];
}

const fields = 'id name email kind isActive permissions roles { name }';

const columns: readonly Column<AccountRow>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'EMAIL', cell: ({ email }) => email },
  { head: 'KIND', cell: ({ kind }) => kind },
  { head: 'ACTIVE', cell: ({ isActive }) => (isActive ? 'yes' : 'no') },
  { head: 'ROLES', cell: ({ roles }) => roles.map(({ name }) => name).join(' ') },
  { head: 'PERMISSIONS', cell: ({ permissions }) => permissions.join(' ') },
];

/** An account by id, by email where the text has an `@`, else by name. */
export const accountKeyOf = (text: string) => keyOf('Account', text.includes('@') ? 'email' : 'name', text);

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
        const { account } = await mutate<{ account: AccountRow }>(
          runner,
          'accountCreate',
          `account { ${fields} }`,
          input,
        );
        print.done(account, `Created account ${account.name}.`);
      }),
    );
  listOptions(accounts.command('list'))
    .description('list accounts by name')
    .addHelpText('after', examples('gatehouse account list'))
    .action(
      action<ListOptions>(shell, async ({ runner, print, options }) => {
        const document = `query ($first: Int, $after: String) {
          list: accounts(first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const found = await readAll<AccountRow>(runner, options, document, {});
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
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
        const selected = `changed account { ${fields} }`;
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

/** A password is never an argument: other users of the machine could read it. */
async function readPassword(terminal: Terminal): Promise<string> {
  const text = Buffer.from(await terminal.input()).toString('utf8');
  const [password = ''] = text.split(/\r?\n/);
  if (password === '') throw misuse('--password-stdin: standard input holds no password.');
  return password;
}
