import type { IpVersion } from '#kernel/cidr.ts';
import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import type { Selection } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import type { Network, NetworkState } from '#resolvers/network/networks/network.ts';

/**
 * Words. *Tree*: the networks of one Site and IP version. *Host*: a /32 or /128, which is never a parent. *To hold*: to
 * contain all addresses of another, longer prefix of the same tree. Texts of prefixes are in canonical form.
 */
export interface Tree {
  readonly siteId: string;
  readonly version: IpVersion;
}

/** What a list of networks is taken from. */
export type NetworkScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'site'; readonly siteId: string }
  /** By their stored parent; `siblings` has those with the same parent, Site and version, itself included. */
  | { readonly kind: 'children' | 'siblings'; readonly network: Network }
  /** By address: what it holds, and the networks that hold it. */
  | { readonly kind: 'inside' | 'containing'; readonly network: Network };

export interface NetworkFilter {
  /** One of these. */
  readonly cidrs?: readonly string[];
  readonly prefixLength?: number;
  readonly version?: IpVersion;
  readonly state?: NetworkState;
  readonly parentIds?: readonly string[];
  readonly rootOnly?: boolean;
  /** Only hosts, or none of them. */
  readonly hosts?: boolean;
  readonly ids?: readonly string[];
  /** Only those of this set. */
  readonly selection?: Selection;
  /** Without the network that the scope is about. */
  readonly withoutSelf?: boolean;
}

/** What one network has got, by count and by its first ids in order of creation. */
export interface Gathering {
  readonly count: number;
  readonly first: readonly string[];
}

export interface Children extends Gathering {
  /** Whether one of them holds nothing. */
  readonly someLeaf: boolean;
}

/** What counts as taken in a network that is seen as blocks of one length. */
export interface Occupancy {
  /** The length of the blocks; longer than the network's own. */
  readonly length: number;
  /**
   * `children`: every child, by stored parent. `long`: by address, whatever inside it is at least as long as a block,
   * and what is RESERVED. `hosts` is `long` for blocks of one address, and with it the first and the last address of each
   * network inside it, save those of two addresses only.
   */
  readonly by: 'children' | 'long' | 'hosts';
}

/** Addresses from the first to the last, both included, as texts without a length. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
}

/** What this domain asks of the storage of networks. */
export interface NetworkStore {
  getMany(ids: readonly string[]): Promise<(Network | null)[]>;
  /** The visible networks with each prefix, two at most. Answers all keys in one read. */
  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Network[])[]>;
  /**
   * One page for each scope, in one read however many.
   * @param scopes all of one kind.
   */
  pages(scopes: readonly NetworkScope[], query: ListQuery<NetworkFilter>): Promise<Page<Network>[]>;
  /** How many each scope has, in one read however many. */
  count(
    scopes: readonly NetworkScope[],
    query: Pick<ListQuery<NetworkFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]>;
  /** Every network that equals or holds one of the prefixes, each once. Hosts only where equal. One read. */
  containing(places: readonly { readonly siteId: string; readonly cidr: string }[]): Promise<Network[]>;
  /**
   * For each prefix the longest visible network of each Site that equals or holds it, the longest first and then by id.
   * One read however many prefixes.
   * @param most for each prefix.
   */
  closest(cidrs: readonly string[], visibility: Visibility, most: number): Promise<(readonly Network[])[]>;
  /** How many hosts each network holds, in one read. */
  countHosts(networks: readonly Network[]): Promise<number[]>;
  /**
   * What is taken of each network, rounded out to whole blocks, in order: ranges with at least one free block between
   * one and the next, the first `limit` of them. So `limit` free blocks follow from one range more. One read however
   * many networks, at the cost of what is in them and not of their size.
   */
  occupied(networks: readonly Network[], occupancy: Occupancy, limit: number): Promise<(readonly AddressRange[])[]>;
  /**
   * Exclusive over these trees until the unit of work ends, over all processes: whoever changes a tree does it first.
   * Trees are locked in the order of Site and version, so that two callers never wait for each other. Readers never wait.
   */
  lockTrees(trees: readonly Tree[]): Promise<void>;
  /** The networks as they are; nobody else changes them until the unit of work ends. */
  lock(ids: readonly string[]): Promise<(Network | null)[]>;
  /** Null for each whose prefix the Site has, also by one before it in the call. */
  insertMany(networks: readonly Network[]): Promise<(Network | null)[]>;
  /**
   * Gives new networks the children that are theirs: of those whose parent is the newcomer's former one, all that it
   * holds, unless a longer newcomer holds them. One statement however many.
   * @param newcomers inserted already; `formerParentId` is the closest network that held it before the call.
   * @param limit the most ids in each answer.
   */
  adopt(
    newcomers: readonly { readonly network: Network; readonly formerParentId: string | null }[],
    limit: number,
  ): Promise<Gathering[]>;
  /** Writes state and `updatedAt`. */
  updateMany(networks: readonly Network[]): Promise<void>;
  /**
   * The children of each of these networks, by stored parent, as if these networks themselves did not exist.
   * @param limit the most ids in each answer.
   */
  childrenWithout(ids: readonly string[], limit: number): Promise<Children[]>;
  /** Gives all children of `from` the parent `to`. */
  moveChildren(moves: readonly { readonly from: string; readonly to: string | null }[]): Promise<void>;
  deleteMany(ids: readonly string[]): Promise<void>;
  /** Which trees have networks, of one Site or of all, in order of Site and version. */
  trees(siteId: string | null): Promise<Tree[]>;
  /** The networks of a tree in the order of addresses, after this prefix. */
  scan(tree: Tree, after: string | null, limit: number): Promise<Network[]>;
  /** Writes parents as they are told. */
  setParents(changes: readonly { readonly id: string; readonly parentId: string | null }[]): Promise<void>;
}

export const networkStore = definePort<NetworkStore>('network.networks');
