import type { Context } from '#kernel/context.ts';
import { defineManyPort } from '#kernel/port.ts';

/**
 * What accounts have elsewhere, such as hooks and settings, and what becomes of it with its account. Every method runs
 * in the unit of work of the change itself: when it throws, the account stays as it was. Of one account they are called
 * one after another, in the order in which plugins were set up; the account is locked until the end of the unit.
 */
export interface AccountTies {
  /** The account may not act any more. */
  suspend?(ctx: Context, accountId: string): Promise<void>;
  /** It may act again. */
  resume?(ctx: Context, accountId: string): Promise<void>;
  /** It is about to be deleted: its row is still there. */
  remove?(ctx: Context, accountId: string): Promise<void>;
}

export const accountTies = defineManyPort<AccountTies>('accountTies');
