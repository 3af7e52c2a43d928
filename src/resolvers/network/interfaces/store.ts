import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import type { Selection } from '#resolvers/network/attributes/selection.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { ListQuery } from '#resolvers/network/list.ts';

/** What a list of interfaces is taken from. */
export type InterfaceScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'site' | 'device'; readonly id: string }
  /** Around the interface with this id. `siblings` has those with the same device and parent, without itself. */
  | { readonly kind: 'children' | 'descendants' | 'siblings'; readonly id: string };

export interface InterfaceFilter {
  /** On one of these. */
  readonly deviceIds?: readonly string[];
  readonly parentIds?: readonly string[];
  readonly name?: string;
  readonly type?: number;
  readonly macAddress?: string;
  readonly speed?: number;
  readonly description?: string;
  /** Only those of this set. */
  readonly selection?: Selection;
}

/** How many there are, and the ids of the first in order of creation. */
export interface Dependants {
  readonly count: number;
  readonly first: readonly string[];
}

/**
 * What this domain asks of the storage of interfaces and of their addresses.
 *
 * Whoever writes interfaces, or refers to one of them, locks their devices first: so a device keeps its interfaces, and
 * an interface what it hangs below, while somebody builds on them. Locks of network trees come before locks of devices.
 */
export interface InterfaceStore {
  getMany(ids: readonly string[]): Promise<(NetworkInterface | null)[]>;
  /** By device and name, exactly. One read. */
  getByName(
    keys: readonly { readonly deviceId: string; readonly name: string }[],
  ): Promise<(NetworkInterface | null)[]>;
  /**
   * One page for each scope, in one read however many. The natural key is the folded hostname and then the name; around
   * one device or interface it is the name alone.
   * @param scopes all of one kind.
   */
  pages(scopes: readonly InterfaceScope[], query: ListQuery<InterfaceFilter>): Promise<Page<NetworkInterface>[]>;
  /** How many each scope has, in one read however many. */
  count(
    scopes: readonly InterfaceScope[],
    query: Pick<ListQuery<InterfaceFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]>;
  /** What each hangs below, the nearest first. One read. */
  ancestors(ids: readonly string[]): Promise<(readonly NetworkInterface[])[]>;
  /** Every interface of these devices. One read. */
  ofDevices(deviceIds: readonly string[]): Promise<NetworkInterface[]>;
  /**
   * The direct children of each, as if these interfaces themselves did not exist. One read.
   * @param limit the most ids in each answer.
   */
  childrenWithout(ids: readonly string[], limit: number): Promise<Dependants[]>;
  /**
   * Exclusive over these devices until the unit of work ends, over all processes and whether or not they exist. In the
   * order of ids, so that two callers never wait for each other. Readers never wait.
   */
  lockDevices(deviceIds: readonly string[]): Promise<void>;
  /** Null for each whose name is taken on its device, also by one before it in the call. */
  insertMany(interfaces: readonly NetworkInterface[]): Promise<(NetworkInterface | null)[]>;
  /**
   * Writes everything that can change, of all together: they may swap names. Answers those whose name another interface
   * of the device has; when there are any, the unit of work must be given up.
   */
  updateMany(interfaces: readonly NetworkInterface[]): Promise<readonly NetworkInterface[]>;
  /** Deletes them with their assignments. */
  deleteMany(ids: readonly string[]): Promise<void>;

  getAssignments(ids: readonly string[]): Promise<(Assignment | null)[]>;
  /** Every assignment of each interface, in order of creation. One read. */
  assignmentsOf(interfaceIds: readonly string[]): Promise<(readonly Assignment[])[]>;
  /** Every assignment of each address, in order of creation. One read. */
  assignmentsOfAddresses(addressIds: readonly string[]): Promise<(readonly Assignment[])[]>;
  /**
   * One page of each address's assignments to visible interfaces, in order of creation. One read however many; the
   * positions are `[id]`.
   */
  assignmentPages(
    addressIds: readonly string[],
    visibility: Visibility,
    page: PageRequest,
  ): Promise<Page<Assignment>[]>;
  /**
   * Takes addresses away by the ids of their assignments, then binds others. Null for each whose address is on its
   * device already, also by one before it in the call: of racing callers exactly one binds it.
   */
  setAddresses(changes: {
    readonly remove: readonly string[];
    readonly add: readonly Assignment[];
  }): Promise<(Assignment | null)[]>;
}

export const interfaceStore = definePort<InterfaceStore>('network.interfaces');
