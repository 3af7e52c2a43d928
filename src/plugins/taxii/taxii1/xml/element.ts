import type { BlockContent } from '#plugins/taxii/taxii1/xml/fragment.ts';

/** An element of a message that was found valid. Names are without prefixes. */
export interface MessageElement {
  readonly name: string;
  /** Those that are there. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly MessageElement[];
  /** The value of an element that holds text alone; empty for others. */
  readonly text: string;
  /** Of an element whose content is kept as it is. */
  readonly content: BlockContent | null;
}

/** The first child of this name. */
export const child = (element: MessageElement, name: string): MessageElement | null =>
  element.children.find((one) => one.name === name) ?? null;

export const childrenOf = (element: MessageElement, name: string): MessageElement[] =>
  element.children.filter((one) => one.name === name);

/** The text of the first child of this name; null where there is none. */
export const childText = (element: MessageElement, name: string): string | null => child(element, name)?.text ?? null;

export const attribute = (element: MessageElement, name: string): string | null => element.attributes.get(name) ?? null;

/** The value of an attribute that the tables require. */
export function needed(element: MessageElement, name: string): string {
  const value = element.attributes.get(name);
  if (value === undefined) throw new Error(`${element.name} was found valid without its attribute ${name}.`);
  return value;
}
