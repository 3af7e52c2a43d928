import type { Command } from 'commander';
import { readEtag } from '#commands/etag.ts';
import { keyOf } from '#commands/keys.ts';
import { type ListOptions, listOptions, moreRemark, oneMore, pageFields, readAll } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface RoleRow {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly isActive: boolean;
  readonly isBuiltIn: boolean;
  readonly permissions: readonly string[];
  readonly roles: readonly { readonly name: string }[];
}

const fields = 'id name realName isActive isBuiltIn permissions roles { name }';

const columns: readonly Column<RoleRow>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'ACTIVE', cell: ({ isActive }) => (isActive ? 'yes' : 'no') },
  { head: 'BUILT IN', cell: ({ isBuiltIn }) => (isBuiltIn ? 'yes' : 'no') },
  { head: 'ROLES', cell: ({ roles }) => roles.map(({ name }) => name).join(' ') },
  { head: 'PERMISSIONS', cell: ({ permissions }) => permissions.join(' ') },
];

interface Said {
  readonly name?: string;
  readonly realName?: string;
  readonly permission?: readonly string[];
  readonly role?: readonly string[];
  /** Set by `--inactive` and by `--active`. */
  readonly inactive?: boolean;
  readonly active?: boolean;
}

const roleKeyOf = (text: string) => keyOf('Role', 'name', text);

const contents = (command: Command): Command =>
  command
    .option('--real-name <name>', 'how people call it')
    .option('--permission <permission>', 'all permissions that it holds; may be repeated', oneMore)
    .option('--role <name>', 'all roles that it holds; may be repeated', oneMore)
    .option('--inactive', 'let it give nothing');

const inputOf = ({ name, realName, permission, role, inactive, active }: Said) => ({
  name,
  realName,
  permissions: permission,
  roles: role,
  isActive: inactive ? false : active,
});

/** `gatehouse role …` */
export function roleCommand(program: Command, shell: Shell): void {
  const roles = noun(program, 'role', 'roles: named bundles of permissions');
  contents(roles.command('create <name>'))
    .description('create a role')
    .addHelpText('after', examples('gatehouse role create noc --permission network:read --role standard'))
    .action(
      action<Said>(shell, async ({ runner, print, options }, name) => {
        const input = given({ ...inputOf(options), name });
        const { role } = await mutate<{ role: RoleRow }>(runner, 'roleCreate', `role { ${fields} }`, input);
        print.done(role, `Created role ${role.name}.`);
      }),
    );
  listOptions(roles.command('list'))
    .description('list roles by name')
    .addHelpText('after', examples('gatehouse role list'))
    .action(
      action<ListOptions>(shell, async ({ runner, print, options }) => {
        const document = `query ($first: Int, $after: String) {
          list: roles(first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const found = await readAll<RoleRow>(runner, options, document, {});
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  contents(roles.command('update <role>'))
    .description('change what is given of a role and leave the rest')
    .option('--name <name>', 'a new name')
    .option('--active', 'let it give again what it holds')
    .addHelpText('after', examples('gatehouse role update noc --permission network:read --permission event:read'))
    .action(
      action<Said>(shell, async ({ runner, print, options }, key) => {
        const by = roleKeyOf(key);
        const input = given({ by, etag: await readEtag(runner, 'role', by), ...inputOf(options) });
        const selected = `changed role { ${fields} }`;
        const success = await mutate<{ changed: boolean; role: RoleRow }>(runner, 'roleUpdate', selected, input);
        const { changed, role } = success;
        print.done(role, changed ? `Updated role ${role.name}.` : `Nothing to change: ${role.name}.`);
      }),
    );
  roles
    .command('delete <role>')
    .description('delete a role, and take it out of every list that it stands in')
    .addHelpText('after', examples('gatehouse role delete noc'))
    .action(
      action(shell, async ({ runner, print }, key) => {
        const by = roleKeyOf(key);
        const input = { by, etag: await readEtag(runner, 'role', by) };
        const { deletedId } = await mutate<{ deletedId: string }>(runner, 'roleDelete', 'deletedId', input);
        print.done({ deletedId }, `Deleted role ${key}.`);
      }),
    );
}
