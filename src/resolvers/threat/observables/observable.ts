import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';

export const observableKinds = ['IPV4_ADDR', 'IPV6_ADDR', 'DOMAIN_NAME', 'URL', 'FILE_HASH'] as const;
export type ObservableKind = (typeof observableKinds)[number];

/** A value that a pattern looks for, in the one form in which it is kept and compared. */
export interface Observable {
  readonly kind: ObservableKind;
  /** Of an address without a length, of a prefix with it. */
  readonly value: string;
  /** Upper case, `SHA-256`; null for what is no hash. */
  readonly hashAlgorithm: string | null;
  /** Canonical with its length, for addresses and prefixes; null for the others. */
  readonly cidr: string | null;
}

/** The prefix behind an address, with its length; null for what is none. */
export function cidrOf({ kind, value }: Pick<Observable, 'kind' | 'value'>): string | null {
  if (kind !== 'IPV4_ADDR' && kind !== 'IPV6_ADDR') return null;
  return value.includes('/') ? value : `${value}/${kind === 'IPV4_ADDR' ? 32 : 128}`;
}

/** From when until when an indicator holds: instants with six digits, null for no bound. The end is exclusive. */
export interface Validity {
  readonly validFrom: string | null;
  readonly validUntil: string | null;
  readonly revoked: boolean;
}

/** A value that an indicator looks for: of its last version in a collection. */
export interface IndicatorObservable extends Observable, Validity {
  readonly id: string;
  /** Row id of the collection. */
  readonly collectionId: string;
  readonly stixId: string;
  /** Row id of the version. */
  readonly objectId: string;
}

/** What the last version of an indicator of a collection looks for. */
export interface IndicatorRows {
  readonly collectionId: string;
  readonly stixId: string;
  readonly rows: readonly IndicatorObservable[];
}

/** Which observables by what they look for: everything given must hold. */
export interface ObservableFilter {
  /** Any of these values, exactly. */
  readonly values?: readonly Pick<Observable, 'kind' | 'value'>[] | undefined;
  /**
   * What equals or covers the prefix, or what lies inside it, equal included. Values beside COVERING are enough as well,
   * and none of them is an address then; beside WITHIN they do not count.
   */
  readonly cidr?: { readonly text: string; readonly match: 'COVERING' | 'WITHIN' } | undefined;
  readonly kind?: ObservableKind | undefined;
  /** Only of these collections, by row id. */
  readonly collectionIds: readonly string[] | 'all';
  /** Whether those of revoked indicators count. */
  readonly includeRevoked: boolean;
  /** Only what holds at this instant. */
  readonly activeAt?: string | undefined;
}

/** What this domain asks of the storage of observables. They are worked out from indicators and can be made again. */
export interface ObservableStore {
  getMany(ids: readonly string[]): Promise<(IndicatorObservable | null)[]>;
  /**
   * Puts these rows in the place of all that the indicators had in their collections, in the unit of work. An indicator
   * is named once in a call.
   */
  replaceFor(indicators: readonly IndicatorRows[]): Promise<void>;
  /** Forgets everything of these collections. */
  deleteOf(collectionIds: readonly string[]): Promise<void>;
  /**
   * In the order in which they were kept; inside a prefix by address. By value or address the cost does not grow with
   * what others look for.
   */
  page(filter: ObservableFilter, page: PageRequest): Promise<Page<IndicatorObservable>>;
  /** One such page for each prefix, in one read however many. */
  pagesOfCidrs(
    cidrs: readonly string[],
    match: 'COVERING' | 'WITHIN',
    filter: Omit<ObservableFilter, 'values' | 'cidr'>,
    page: PageRequest,
  ): Promise<Page<IndicatorObservable>[]>;
  /** What each of these versions looks for, as such a page, in one read however many; empty where it is not the last. */
  pagesOfObjects(
    objects: readonly { readonly id: string; readonly collectionId: string; readonly stixId: string }[],
    page: PageRequest,
  ): Promise<Page<IndicatorObservable>[]>;
}

export const observableStore = definePort<ObservableStore>('threat.observables');
