import { badText, positionIn } from '#resolvers/network/imports/formats/text.ts';

/**
 * The value that a text of JSON stands for.
 * @throws InputError naming line and column of the first character that is wrong.
 */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column } = positionIn(text, jsonFault(text));
    throw badText(`The text is not JSON: line ${line}, column ${column} cannot be read.`);
  }
}

const string = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const token = new RegExp(String.raw`[ \t\n\r]*(?:([[\]{},:])|(${string})|(?:${number}|true|false|null))`, 'y');
const blanks = /[ \t\n\r]*/y;

/**
 * The offset of the first token that does not fit. The engine tells it for some texts only, and quotes the text, which
 * may hold secrets.
 */
export function jsonFault(text: string): number {
  /** What may come next: a value, the first or a further member of what is open, or what ends a member. */
  let expected: 'value' | 'value or ]' | 'key or }' | 'key' | 'colon' | 'more' = 'value';
  const open: ('[' | '{')[] = [];
  let at = 0;
  for (;;) {
    blanks.lastIndex = at;
    blanks.test(text);
    const start = blanks.lastIndex;
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match || (expected === 'more' && open.length === 0)) return start;
    at = token.lastIndex;
    const [, mark, string] = match;
    const closes = (mark === ']' && open.at(-1) === '[') || (mark === '}' && open.at(-1) === '{');
    if (expected === 'colon') {
      if (mark !== ':') return start;
      expected = 'value';
    } else if (expected === 'key' || expected === 'key or }') {
      if (string !== undefined) expected = 'colon';
      else if (closes && expected === 'key or }') {
        open.pop();
        expected = 'more';
      } else return start;
    } else if (expected === 'more') {
      if (closes) open.pop();
      else if (mark === ',') expected = open.at(-1) === '{' ? 'key' : 'value';
      else return start;
    } else if (mark === '[' || mark === '{') {
      open.push(mark);
      expected = mark === '[' ? 'value or ]' : 'key or }';
    } else if (mark === undefined) expected = 'more';
    else if (closes && expected === 'value or ]') {
      open.pop();
      expected = 'more';
    } else return start;
  }
}
