import { escapeAttribute, escapeText } from '#plugins/taxii/taxii1/xml/text.ts';

/** XML that is written already. */
export type Xml = string;

/** Writes elements under one prefix. */
export type ElementWriter = (
  name: string,
  /** Those without a value are left out. */
  attributes: Readonly<Record<string, string | number | boolean | null | undefined>>,
  ...children: readonly (Xml | null)[]
) => Xml;

export function elementWriter(prefix: string): ElementWriter {
  return (name, attributes, ...children) => {
    let tag = `${prefix}:${name}`;
    for (const [key, value] of Object.entries(attributes))
      if (value != null) tag += ` ${key}="${escapeAttribute(String(value))}"`;
    const inner = children.filter((one) => one !== null).join('');
    return inner === '' ? `<${tag}/>` : `<${tag}>${inner}</${prefix}:${name}>`;
  };
}

/** Text as the content of an element. */
export const textNode = (text: string): Xml => escapeText(text);
