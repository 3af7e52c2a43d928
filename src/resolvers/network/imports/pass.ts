import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Known } from '#resolvers/network/imports/known.ts';
import { failed, skipped, type Verdict } from '#resolvers/network/imports/row.ts';

/** One look over the items. */
export interface Look {
  readonly ctx: Context;
  readonly order: Pick<ImportOrder, 'onExisting' | 'defaults'>;
  /** Whether the pass writes. It then takes its locks before it looks. */
  readonly writes: boolean;
}

/** What the steps behind the Sites share. */
export interface Pass extends Look {
  /** What earlier steps found and made. */
  readonly known: Known;
}

/** Somebody made or changed something between the look and the write: on another look all of it is seen. */
export class Overtaken extends Error {
  constructor(taken: string) {
    super(`${taken} was made or changed by somebody else meanwhile.`);
    this.name = 'Overtaken';
  }
}

export type Verdicts = ReadonlyMap<Item, Verdict>;

export const created: Verdict = { outcome: 'CREATED' };
export const updated: Verdict = { outcome: 'UPDATED' };
export const unchanged: Verdict = { outcome: 'UNCHANGED' };

/**
 * What becomes of an item whose object exists.
 * @param what how people call the object.
 * @param differs whether the item asks for something else than there is.
 */
export function onExisting(pass: Look, item: Item, taken: string, differs: boolean): Verdict {
  if (item.implied) return unchanged;
  if (pass.order.onExisting === 'FAIL') return failed(alreadyThere(item, taken));
  if (!differs) return unchanged;
  return pass.order.onExisting === 'KEEP' ? skipped('KEPT', `${taken} exists and is kept as it is.`) : updated;
}

const keyNames = {
  SITE: 'name',
  ATTRIBUTE: 'name',
  PROTOCOL_TYPE: 'name',
  DEVICE: 'hostname',
  NETWORK: 'cidr',
  INTERFACE: 'name',
  CIRCUIT: 'name',
  PROTOCOL: 'type',
} as const;

/** The same error as that of a single creation. */
export const alreadyThere = ({ wish }: Item, taken: string): ConflictError =>
  new ConflictError(`${taken} already exists${whereIn[wish.kind]}.`, [keyNames[wish.kind]]);

const inSite = ' in this site';
const whereIn = {
  SITE: '',
  ATTRIBUTE: inSite,
  PROTOCOL_TYPE: inSite,
  DEVICE: inSite,
  NETWORK: inSite,
  INTERFACE: ' on this device',
  CIRCUIT: inSite,
  PROTOCOL: ' on this device',
} as const;
