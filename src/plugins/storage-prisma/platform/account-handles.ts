import { foldText } from '#kernel/filter.ts';
import type { Statements } from '#plugins/storage-prisma/session.ts';

/** The texts by which an account is found, its folded name and its email, in the order in which they are taken. */
export const handlesOf = ({ name, email }: { name: string; email: string | null }): string[] =>
  [...new Set([foldText(name), ...(email === null ? [] : [email])])].sort();

/**
 * Makes the handles the account's own. False, and nothing taken, when one of them is another's. In one statement and in
 * order, so that two callers never wait for each other in a circle.
 */
export async function takeHandles(db: Statements, accountId: string, handles: readonly string[]): Promise<boolean> {
  const taken = await db.accountHandle.createManyAndReturn({
    data: handles.map((handle) => ({ handle, accountId })),
    skipDuplicates: true,
  });
  const own = await db.accountHandle.count({ where: { accountId, handle: { in: [...handles] } } });
  if (own === handles.length) return true;
  await db.accountHandle.deleteMany({ where: { handle: { in: taken.map(({ handle }) => handle) } } });
  return false;
}
