import { misuse } from '#commands/failure.ts';
import { keyOf } from '#commands/keys.ts';
import type { Column } from '#commands/output.ts';
import type { Terminal } from '#commands/terminal.ts';

export interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly kind: string;
  readonly isActive: boolean;
  readonly permissions: readonly string[];
  readonly roles: readonly { readonly name: string }[];
}

export const accountFields = 'id name email kind isActive permissions roles { name }';

export const accountColumns: readonly Column<AccountRow>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'EMAIL', cell: ({ email }) => email },
  { head: 'KIND', cell: ({ kind }) => kind },
  { head: 'ACTIVE', cell: ({ isActive }) => (isActive ? 'yes' : 'no') },
  { head: 'ROLES', cell: ({ roles }) => roles.map(({ name }) => name).join(' ') },
  { head: 'PERMISSIONS', cell: ({ permissions }) => permissions.join(' ') },
];

/** An account by id, by email where the text has an `@`, else by name. */
export const accountKeyOf = (text: string) => keyOf('Account', text.includes('@') ? 'email' : 'name', text);

/** A password is never an argument: other users of the machine could read it. */
export async function readPassword(terminal: Terminal): Promise<string> {
  const text = Buffer.from(await terminal.input()).toString('utf8');
  const [password = ''] = text.split(/\r?\n/);
  if (password === '') throw misuse('--password-stdin: standard input holds no password.');
  return password;
}
