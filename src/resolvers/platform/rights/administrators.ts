import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';

/**
 * A change of rights in a unit of work of its own, one at a time over all processes: so of two administrators who
 * remove each other, one stays.
 * @throws ConflictError when nobody would reach `*` any more.
 */
export function changeRights<T>(ctx: Context, work: (ctx: Context) => Promise<T>): Promise<T> {
  return ctx.atomically(async (ctx) => {
    const accounts = ctx.use(accountStore);
    await accounts.lockAdministration();
    const had = await accounts.hasAdministrator();
    const result = await work(ctx);
    if (had && !(await accounts.hasAdministrator())) throw new ConflictError('The last administrator must stay.');
    return result;
  });
}
