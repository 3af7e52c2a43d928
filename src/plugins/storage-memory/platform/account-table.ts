import { defineTable, type Tables } from '#plugins/storage-memory/database.ts';
import type { ProvenAccount } from '#resolvers/platform/accounts/account.ts';

export const accountTable = defineTable<ProvenAccount>('account');

/** Takes a role out of the lists of all accounts. */
export function dropFromAccounts(tables: Tables, role: string): void {
  for (const row of [...tables(accountTable).values()].filter(({ account }) => account.roles.includes(role))) {
    const roles = row.account.roles.filter((held) => held !== role);
    tables(accountTable).set(row.account.id, { ...row, account: { ...row.account, roles } });
  }
}
