import { RE2JS } from 're2js';

/**
 * The one engine for regular expressions that come from outside: RE2 syntax, linear time, no back-references and no
 * look-around (https://github.com/google/re2/wiki/Syntax). `\Z` is read as `\z`.
 */
export interface Pattern {
  readonly source: string;
  /** Matches from the start of the text, not necessarily to its end. */
  matchesStart(text: string): boolean;
  /** Matches the whole text. */
  matchesAll(text: string): boolean;
  /** Matches anywhere. */
  finds(text: string): boolean;
}

/** @throws Error with the engine's reason when the source is no RE2 expression. */
export function compilePattern(source: string): Pattern {
  const compiled = RE2JS.compile(source.replace(/(?<!\\)((?:\\\\)*)\\Z/g, '$1\\z'));
  return {
    source,
    matchesStart: (text) => compiled.matcher(text).lookingAt(),
    matchesAll: (text) => compiled.matcher(text).matches(),
    finds: (text) => compiled.matcher(text).find(),
  };
}
