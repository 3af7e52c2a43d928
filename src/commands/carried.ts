import { type Command, InvalidArgumentError } from 'commander';

/** What a thing carries, as the graph gives and takes it. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

/** What is said of the attributes of a thing. */
export interface CarriedOptions {
  readonly attribute?: Values;
  readonly attributes?: Values;
}

/** Options for what a thing carries. Given, they are all of it. */
export const carriedOptions = (command: Command): Command =>
  command
    .option('-a, --attribute <name=value>', 'an attribute; once for each, several times for several values', oneMore)
    .option('--attributes <json>', 'all attributes as JSON: a text or a list of texts under each name', fromJson);

/** The attributes that were given; undefined where none were. */
export const carriedOf = ({ attribute, attributes }: CarriedOptions): Values | undefined =>
  attribute || attributes ? { ...attributes, ...attribute } : undefined;

function oneMore(text: string, before: Values = {}): Values {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Give it as name=value.');
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  return { ...before, [name]: Object.hasOwn(before, name) ? [before[name] ?? [], value].flat() : value };
}

function fromJson(text: string): Values {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
  } catch {
    // Falls through to the one answer for whatever is no object.
  }
  throw new InvalidArgumentError('Give an object as JSON, such as {"role":"spine","tags":["a","b"]}.');
}

/** Attributes on one line. */
export const carriedText = (attributes: Values): string =>
  Object.entries(attributes)
    .map(([name, value]) => `${name}=${[value].flat().join('|')}`)
    .join(' ');
