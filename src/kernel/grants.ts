import type { Context } from '#kernel/context.ts';
import { definePort } from '#kernel/port.ts';

/**
 * Rights that follow from what somebody did, such as those of the creator of a site. Nobody asks whether the viewer may
 * pass them on: the behaviour that calls decides.
 */
export interface Grants {
  /**
   * Gives the account the permissions, in the caller's unit of work, with one `platform.account.updated`. Nothing
   * happens when it has them already, or is gone.
   * @param account row id.
   * @param permissions as they are kept: scoped by ids, not by names.
   */
  give(ctx: Context, account: string, ...permissions: string[]): Promise<void>;
  /** Takes it away again, in the same way. The last administrator stays. */
  take(ctx: Context, account: string, permission: string): Promise<void>;
}

export const grants = definePort<Grants>('grants');
