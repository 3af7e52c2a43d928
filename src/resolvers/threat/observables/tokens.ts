/**
 * The words of the STIX pattern language. Every character is looked at once, so reading takes time in proportion to the
 * text, whatever it holds.
 */
export type Token =
  /** A keyword, the type of an object, or a part of a path. */
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  /** `'…'` as a value, or `"…"` as a part of a path, without its escapes. */
  | { readonly kind: 'text'; readonly quote: "'" | '"'; readonly text: string; readonly at: number }
  /** Any other value: a number, or binary, hexadecimal and timestamps with their letter. */
  | { readonly kind: 'number' | 'binary' | 'hex' | 'timestamp'; readonly text: string; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

/** What is wrong with a pattern, and where. */
export class PatternFault extends Error {
  /** @param at index of the character, from 0. */
  constructor(what: string, at: number) {
    super(`${what} at character ${at + 1}`);
  }
}

/** Reads one token at a time; after the last one always `end`. */
export interface Scanner {
  /** @throws PatternFault where no token begins or one does not end. */
  next(): Token;
}

const kindsOfLetters: Readonly<Record<string, 'binary' | 'hex' | 'timestamp'>> = {
  b: 'binary',
  h: 'hex',
  t: 'timestamp',
};
const longSigns = new Set(['==', '!=', '<>', '<=', '>=']);
const signs = new Set('[]():.,*=<>');

export function scan(pattern: string): Scanner {
  let place = 0;

  /** Moves on as long as the characters are of a kind. */
  const skip = (belongs: (code: number) => boolean): void => {
    while (place < pattern.length && belongs(pattern.charCodeAt(place))) place += 1;
  };

  const skipLayout = (): void => {
    for (;;) {
      skip(isSpace);
      if (pattern.startsWith('//', place)) skip((code) => code !== newline && code !== carriageReturn);
      else if (pattern.startsWith('/*', place)) {
        const end = pattern.indexOf('*/', place + 2);
        if (end < 0) throw new PatternFault('a comment that does not end', place);
        place = end + 2;
      } else return;
    }
  };

  /** From the quote at `place`. */
  const readQuoted = (): string => {
    const start = place;
    const quote = pattern[place];
    const parts: string[] = [];
    place += 1;
    for (let from = place; ; ) {
      const char = pattern[place];
      if (char === undefined) throw new PatternFault('a text that does not end', start);
      if (char === quote) {
        parts.push(pattern.slice(from, place));
        place += 1;
        return parts.join('');
      }
      if (char === '\\') {
        const escaped = pattern[place + 1];
        if (escaped !== quote && escaped !== '\\')
          throw new PatternFault('a backslash that escapes neither a quote nor a backslash', place);
        parts.push(pattern.slice(from, place));
        from = place + 1;
        place += 1;
      }
      place += 1;
    }
  };

  const readNumber = (at: number): Token => {
    place += isSignOfNumber(pattern.charCodeAt(place)) ? 1 : 0;
    skip(isDigit);
    if (pattern[place] === '.' && isDigit(pattern.charCodeAt(place + 1))) {
      place += 1;
      skip(isDigit);
    }
    return { kind: 'number', text: pattern.slice(at, place), at };
  };

  const readWord = (at: number): Token => {
    skip(belongsToWord);
    const text = pattern.slice(at, place);
    const kind = pattern[place] === "'" ? kindsOfLetters[text] : undefined;
    return kind ? { kind, text: readQuoted(), at } : { kind: 'word', text, at };
  };

  return {
    next() {
      skipLayout();
      const at = place;
      const char = pattern[at];
      if (char === undefined) return { kind: 'end', text: '', at };
      if (char === "'" || char === '"') return { kind: 'text', quote: char, text: readQuoted(), at };
      const code = pattern.charCodeAt(at);
      if (beginsWord(code)) return readWord(at);
      if (beginsNumber(pattern, at)) return readNumber(at);
      const sign = longSigns.has(pattern.slice(at, at + 2)) ? pattern.slice(at, at + 2) : char;
      if (sign.length === 1 && !signs.has(sign))
        throw new PatternFault(
          `${JSON.stringify(String.fromCodePoint(pattern.codePointAt(at) ?? 0))} is unexpected`,
          at,
        );
      place += sign.length;
      return { kind: 'sign', text: sign, at };
    },
  };
}

const newline = 10;
const carriageReturn = 13;
const isBetween = (code: number, first: string, last: string): boolean =>
  code >= first.charCodeAt(0) && code <= last.charCodeAt(0);
const isDigit = (code: number): boolean => isBetween(code, '0', '9');
const isSignOfNumber = (code: number): boolean => code === 43 || code === 45;
const beginsWord = (code: number): boolean => isBetween(code, 'a', 'z') || isBetween(code, 'A', 'Z') || code === 95;
/** Hyphens too: algorithms are often written without quotes, `file:hashes.SHA-256`. */
const belongsToWord = (code: number): boolean => beginsWord(code) || isDigit(code) || code === 45;

function beginsNumber(pattern: string, at: number): boolean {
  const begin = isSignOfNumber(pattern.charCodeAt(at)) ? at + 1 : at;
  const digits = pattern[begin] === '.' ? begin + 1 : begin;
  return isDigit(pattern.charCodeAt(digits));
}

/** White space as the grammar of the language has it. */
const isSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || code === 0x85 || (code >= 0xa0 && /\s/.test(String.fromCharCode(code)));
