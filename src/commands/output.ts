import type { Terminal } from '#commands/terminal.ts';

export type Cell = string | number | boolean | null | undefined;

/** One column of a table: its head and what stands in it. */
export interface Column<Row> {
  readonly head: string;
  cell(row: Row): Cell;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

const shown = (cell: Cell): string =>
  cell === null || cell === undefined || cell === '' ? '-' : oneLine(String(cell));

/** A cell is one line, and no text of the inventory steers the terminal. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** How wide a text stands on a screen: ideographs and most symbols take two places, combining marks none. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}|\p{Cf}/u.test(character)) continue;
    width += /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u.test(
      character,
    )
      ? 2
      : 1;
  }
  return width;
}

/** Rows below heads, columns aligned. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ cell }) => shown(cell(row))))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((text, index) => {
          const space = ' '.repeat((widths[index] ?? 0) - widthOf(text));
          return columns[index]?.right ? space + text : text + space;
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** The parts of one thing, each on a line. */
export function card(parts: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...parts.map(([name]) => name.length));
  return parts.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}\n`).join('');
}

/** Writes results for people, or as JSON for programs. */
export class Printer {
  readonly #terminal: Terminal;
  readonly #asJson: boolean;

  constructor(terminal: Terminal, asJson: boolean) {
    this.#terminal = terminal;
    this.#asJson = asJson;
  }

  get asJson(): boolean {
    return this.#asJson;
  }

  list<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    this.#terminal.out(this.#asJson ? json(rows) : table(rows, columns));
  }

  thing(value: unknown, parts: readonly (readonly [name: string, value: Cell])[]): void {
    this.#terminal.out(this.#asJson ? json(value) : card(parts));
  }

  /** What was done, in one sentence. */
  done(value: unknown, sentence: string): void {
    this.#terminal.out(this.#asJson ? json(value) : `${oneLine(sentence)}\n`);
  }

  /** Something of several lines. */
  lines(value: unknown, lines: readonly string[]): void {
    this.#terminal.out(this.#asJson ? json(value) : lines.map((line) => `${oneLine(line)}\n`).join(''));
  }

  /** One of many results that come one after another: as JSON, one a line. */
  item(value: unknown, line: string): void {
    this.#terminal.out(this.#asJson ? `${JSON.stringify(value)}\n` : `${oneLine(line)}\n`);
  }

  /** For people only, beside the results. */
  remark(text: string): void {
    this.#terminal.err(`${oneLine(text)}\n`);
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
