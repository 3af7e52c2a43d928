import type { Context } from '#kernel/context.ts';
import { definePort } from '#kernel/port.ts';

/** What is known of who uses which addresses: for domains that come across addresses and networks. */
export interface AddressInventory {
  /**
   * For each text its most specific networks, host addresses included, that equal or cover it and that the viewer may
   * see: one of each Site, the most specific first, at most 100. Empty for a text that is neither an address nor a
   * network. One read for all.
   * @returns global ids of the type `Network`, in the order of the texts.
   */
  closest(ctx: Context, cidrs: readonly string[]): Promise<(readonly string[])[]>;
}

/** Optional: nothing provides it where no inventory is kept. */
export const addressInventory = definePort<AddressInventory>('addressInventory');
