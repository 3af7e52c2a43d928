import { readLabel } from '#plugins/taxii/taxii1/messages/label.ts';

/** What the text of an attribute or an element may be. A list: one of these words. */
export type ValueRule =
  | 'string'
  | 'uri'
  /** Digits alone. */
  | 'digits'
  /** 0 and above. */
  | 'count'
  /** 1 and above. */
  | 'number'
  | 'boolean'
  /** An instant with a zone and at most six digits after the second; its value is in UTC with all six. */
  | 'label'
  | readonly string[];

/** Some elements of a sequence. */
export interface Particle {
  /** Any of these, by name. */
  readonly elements: Readonly<Record<string, ElementRule>>;
  readonly min: number;
  readonly max: number;
}

/** What an element may hold. */
export interface ElementRule {
  readonly attributes?: Readonly<Record<string, { readonly value: ValueRule; readonly required: boolean }>>;
  readonly holds:
    | { readonly kind: 'sequence'; readonly particles: readonly Particle[] }
    | { readonly kind: 'text'; readonly value: ValueRule }
    /** Anything: read for its form alone, or kept as it is. */
    | { readonly kind: 'anything'; readonly kept: boolean };
}

/** The roots of one version and what they hold. */
export interface MessageTable {
  readonly namespace: string;
  readonly roots: Readonly<Record<string, ElementRule>>;
}

const collapse = (text: string) => text.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '');

/** The value of a text under a rule; null where it breaks the rule. */
export function readValue(rule: ValueRule, text: string): string | null {
  if (rule === 'string') return text;
  const value = collapse(text);
  switch (rule) {
    case 'uri':
      return value;
    case 'digits':
      return /^[0-9]+$/.test(text) ? text : null;
    case 'count':
      return /^\+?[0-9]+$|^-0+$/.test(value) ? value.replace(/^[+-]/, '') : null;
    case 'number':
      return /^\+?[0-9]*[1-9][0-9]*$/.test(value) ? value.replace(/^\+/, '') : null;
    case 'boolean':
      return value === 'true' || value === '1' ? 'true' : value === 'false' || value === '0' ? 'false' : null;
    case 'label':
      return readLabel(value);
    default:
      return rule.includes(text) ? text : null;
  }
}

/** A rule as a message says it. */
export const nameOfRule = (rule: ValueRule): string => {
  if (typeof rule !== 'string') return `one of ${rule.join(', ')}`;
  return names[rule];
};

const names: Readonly<Record<Extract<ValueRule, string>, string>> = {
  string: 'a text',
  uri: 'a URI',
  digits: 'a text of digits',
  count: 'a number that is not negative',
  number: 'a positive number',
  boolean: 'true or false',
  label: 'a timestamp with a zone and at most six digits after the second',
};
