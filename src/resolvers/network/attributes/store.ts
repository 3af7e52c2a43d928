import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import type { Attribute, AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { Selection, Step } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery } from '#resolvers/network/list.ts';

/** One value that a thing carries. The values of a multi attribute are several, in the order of their positions. */
export interface AttributeValue {
  readonly id: string;
  readonly attributeId: string;
  readonly siteId: string;
  readonly resource: AttributeResource;
  /** Row id of the thing. */
  readonly targetId: string;
  readonly name: string;
  readonly value: string;
  readonly position: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A value as it is read with its thing. */
export interface CarriedValue {
  readonly targetId: string;
  readonly name: string;
  readonly value: string;
  /** As the definition says now. */
  readonly multi: boolean;
}

export interface AttributeFilter {
  readonly name?: string;
  readonly resource?: AttributeResource;
  readonly required?: boolean;
  readonly display?: boolean;
  readonly multi?: boolean;
}

export interface ValueFilter {
  readonly name?: string;
  readonly value?: string;
  readonly resource?: AttributeResource;
  readonly targetId?: string;
  readonly attributeId?: string;
}

/** A name for one kind of things, in the Site with this row id or in all. */
export interface AttributeName {
  readonly siteId: string | null;
  readonly resource: AttributeResource;
  readonly name: string;
}

/** The definitions for one kind of things in a Site that matter to a write. */
export interface DefinitionsWanted {
  readonly siteId: string;
  readonly resource: AttributeResource;
  readonly names: readonly string[];
}

/** What this domain asks of the storage of attributes and of the values that things carry. */
export interface AttributeStore {
  getMany(ids: readonly string[]): Promise<(Attribute | null)[]>;
  /** The visible definitions with each name, two at most. Answers all names in one read. */
  match(names: readonly AttributeName[], visibility: Visibility): Promise<(readonly Attribute[])[]>;
  /** One page for each Site, in one read however many. Ordered by natural key: by name. A Site of null means all. */
  pages(siteIds: readonly (string | null)[], query: ListQuery<AttributeFilter>): Promise<Page<Attribute>[]>;
  /** How many each Site has, in one read however many. */
  count(
    siteIds: readonly (string | null)[],
    query: Pick<ListQuery<AttributeFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]>;
  /**
   * The definitions with these names and the required ones, which then stay until the unit of work ends: nobody deletes
   * or changes them meanwhile. Any number of units may hold one.
   */
  hold(wanted: readonly DefinitionsWanted[]): Promise<Attribute[]>;
  /** The definitions as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(Attribute | null)[]>;
  /** Null for each whose name is taken, also by one before it in the call; of racing callers exactly one gets it. */
  insertMany(attributes: readonly Attribute[]): Promise<(Attribute | null)[]>;
  /** Writes everything but Site, resource, name and `createdAt`. */
  updateMany(attributes: readonly Attribute[]): Promise<void>;
  deleteMany(ids: readonly string[]): Promise<void>;

  /** How many visible things carry each attribute. */
  usage(ids: readonly string[], visibility: Visibility): Promise<number[]>;
  /** Those of these attributes of which a thing carries more than one value. */
  carriedTwice(ids: readonly string[]): Promise<string[]>;
  getValues(ids: readonly string[]): Promise<(AttributeValue | null)[]>;
  /** What things carry, by thing, name and position, in one read however many. */
  valuesOf(targetIds: readonly string[]): Promise<CarriedValue[]>;
  /** By creation. Of a kind whose things are not kept here, only grants on Site and kind show values. */
  valuePages(siteIds: readonly (string | null)[], query: ListQuery<ValueFilter>): Promise<Page<AttributeValue>[]>;
  /**
   * Makes these the values of the things: what is equal stays as it is, the rest comes or goes. One statement however
   * many.
   */
  replaceValues(targetIds: readonly string[], values: readonly AttributeValue[]): Promise<void>;
  /** The ids of the things that carry one of the values under a name. Answers all in one read. */
  carriers(wanted: readonly (AttributeName & { readonly values: readonly string[] })[]): Promise<string[][]>;
  /** The different values of a name, in no order that means anything. Answers all in one read. */
  distinctValues(names: readonly AttributeName[]): Promise<string[][]>;
  /** The things of a kind that the steps lead to, for the filters of their stores. Reads nothing. */
  select(resource: AttributeResource, steps: readonly Step[]): Selection;
}

export const attributeStore = definePort<AttributeStore>('network.attributes');
