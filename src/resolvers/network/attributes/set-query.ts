/**
 * The language of set queries:
 *
 *     query := term*                                tokens split as a POSIX shell does, without comments
 *     term  := [ "+" | "-" ] name [ "=" value ]     no "=" means an empty value
 *     name  := attribute | attribute "_regex"       then the value is an RE2 expression
 */
export interface Term {
  readonly operation: 'INTERSECTION' | 'DIFFERENCE' | 'UNION';
  /** Of the attribute. */
  readonly name: string;
  /** The text to be equal to, or the expression to be found. */
  readonly value: string;
  readonly regex: boolean;
}

export const regexSuffix = '_regex';

/** @returns null for an open quote, or a backslash with nothing behind it. */
export const parseSetQuery = (text: string): Term[] | null => splitWords(text)?.map(toTerm) ?? null;

function toTerm(word: string): Term {
  const operation = word[0] === '+' ? 'UNION' : word[0] === '-' ? 'DIFFERENCE' : 'INTERSECTION';
  const rest = operation === 'INTERSECTION' ? word : word.slice(1);
  const equals = rest.indexOf('=');
  const key = equals < 0 ? rest : rest.slice(0, equals);
  const value = equals < 0 ? '' : rest.slice(equals + 1);
  const regex = key.endsWith(regexSuffix);
  return { operation, name: regex ? key.slice(0, -regexSuffix.length) : key, value, regex };
}

/** Quotes group and may stand anywhere in a word; an empty pair is a word of its own. */
function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (/[ \t\r\n]/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (letter === "'" || letter === '"') {
      const quoted = readQuoted(text, at);
      if (!quoted) return null;
      word = (word ?? '') + quoted.content;
      at = quoted.end;
    } else if (letter === '\\') {
      if (at + 1 === text.length) return null;
      at += 1;
      word = (word ?? '') + text[at];
    } else {
      word = (word ?? '') + letter;
    }
  }
  return word === null ? words : [...words, word];
}

/** What stands between the quote at `start` and the one that closes it; null where none does. */
function readQuoted(text: string, start: number): { content: string; end: number } | null {
  const quote = text[start];
  let content = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === quote) return { content, end: at };
    const escapes = quote === '"' && letter === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\');
    if (escapes) at += 1;
    content += text[at];
  }
  return null;
}
