import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { foldText } from '#kernel/filter.ts';
import type { Account } from '#resolvers/platform/accounts/account.ts';

/**
 * An account that a plugin declares is found by its name: it keeps that, and stays.
 * @param fate what it does instead of what was asked.
 * @throws ConflictError for such an account.
 */
export function requireUndeclared(ctx: Context, account: Account, fate: 'stays' | 'keeps its name'): void {
  const isDeclared =
    account.kind === 'SERVICE' &&
    ctx.use(catalogue).accounts.some(({ name }) => foldText(name) === foldText(account.name));
  if (isDeclared)
    throw new ConflictError(`Account ${account.name} is built in and ${fate}.`, fate === 'stays' ? ['by'] : ['name']);
}
