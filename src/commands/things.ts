import type { Values } from '#commands/carried.ts';
import { inSite, keyOf } from '#commands/keys.ts';
import type { Cell, Column } from '#commands/output.ts';

/** What every thing has that commands make and change. */
export interface Kept {
  readonly id: string;
  /** Only of those that carry some. */
  readonly attributes?: Values;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type Input = Readonly<Record<string, unknown>>;

/** What the commands of a noun need to know of it. */
export interface Thing<Row> {
  /** As the graph has it: `device`. */
  readonly noun:
    | 'site'
    | 'attribute'
    | 'device'
    | 'network'
    | 'networkInterface'
    | 'circuit'
    | 'protocolType'
    | 'protocol'
    | 'taxiiApiRoot'
    | 'taxiiCollection'
    | 'taxiiService'
    | 'dataCollection';
  /** `Device` */
  readonly type: string;
  /** The name of its natural key: `hostname`. */
  readonly key: string;
  /** How commands call that key: `slug`. */
  readonly word: string;
  /** Whether a creation says its site, or it follows from what the thing hangs on. Sites are in none. */
  readonly site: 'said' | 'follows' | 'none';
  /** Whether it carries attributes: then lists of it take set queries. */
  readonly carries: boolean;
  /** Whether its lists have one order, and are not asked for another. */
  readonly oneOrder?: true;
  /** What is selected of it, besides what every thing has. */
  readonly fields: string;
  readonly columns: readonly Column<Row>[];
  /** The lines of `show`, before those that every thing has. */
  parts(row: Row): readonly (readonly [name: string, value: Cell])[];
  naturalKey(row: Row): string;
  /** How a key is given, where it is not one text. */
  keyFrom?(key: string): Input;
}

/** Everything that is selected of a thing. */
export const selected = ({ carries, fields }: Pick<Thing<never>, 'carries' | 'fields'>): string =>
  `id ${fields} ${carries ? 'attributes ' : ''}createdAt updatedAt`;

/** A noun as people say it: `interface`, `protocol type`, `API root`. */
export const spoken = (noun: string): string =>
  noun
    .replace(/^(?:network|taxii)(?=[A-Z])/, '')
    .replace(/[A-Z]/g, (letter, at) => `${at > 0 ? ' ' : ''}${letter.toLowerCase()}`)
    .replace(/^api\b/, 'API');

/** With its article: `an interface`. */
export const one = (noun: string): string => `${/^[aeiou]/i.test(spoken(noun)) ? 'an' : 'a'} ${spoken(noun)}`;

/** Where a thing is looked for. */
export interface SiteOption {
  readonly site?: string;
}

/** Only what was given: what is absent means something else than null. */
export const given = (values: Input): Input =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** How a query, an update, a replacement or a deletion names its thing. */
export const named = (
  thing: Pick<Thing<never>, 'type' | 'key' | 'keyFrom'>,
  key: string,
  { site }: SiteOption,
): Input => ({
  by: thing.keyFrom?.(key) ?? keyOf(thing.type, thing.key, key),
  ...inSite(site),
});

/** A text that stands for a thing or, as `none`, for null. */
export const orNone = (text: string | undefined, key: (text: string) => unknown): unknown =>
  text === undefined ? undefined : text === 'none' ? null : key(text);

export const examples = (...lines: readonly string[]): string =>
  `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
