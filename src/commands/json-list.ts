/**
 * The members of a list of JSON as they are read, without holding the whole: of a bare list, or of the list under a key
 * of an object. Only one member is held at a time.
 */

/** The text ends too early, or is no list, or a member is no JSON. */
export class BrokenListError extends Error {}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const openers = new Set([0x5b, 0x7b]);
const closers = new Set([0x5d, 0x7d]);
const byteOrderMark = new Set([0xef, 0xbb, 0xbf]);
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** What a byte means where it stands. */
class Splitter {
  readonly #key: string;
  /** How many lists and objects are open. */
  #depth = 0;
  /** The depth of the members of the list; 0 outside of it. */
  #listDepth = 0;
  #isDone = false;
  #inText = false;
  #isEscaped = false;
  /** What was read of a member, or of a key; null where neither is read. */
  #held: Buffer[] | null = null;
  #lastKey = '';
  #count = 0;

  constructor(key: string) {
    this.#key = key;
  }

  /** The texts of the members that end in this chunk. */
  *push(chunk: Buffer): Generator<string> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#inText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) {
          this.#inText = false;
          if (this.#isAtKey()) this.#lastKey = this.#take(chunk.subarray(from, at + 1));
        }
        continue;
      }
      if (blanks.has(byte) || (this.#depth === 0 && !this.#isDone && byteOrderMark.has(byte))) continue;
      if (this.#depth === 0 && (this.#isDone || !openers.has(byte))) throw new BrokenListError(notAList);
      if (byte === quote) {
        this.#inText = true;
        if (this.#isAtKey()) {
          this.#held = [];
          from = at;
        }
      } else if (openers.has(byte)) {
        this.#depth += 1;
        if (this.#beginsList(byte)) {
          this.#listDepth = this.#depth;
          this.#held = [];
          from = at + 1;
        }
      } else if (closers.has(byte)) {
        if (this.#depth === this.#listDepth) {
          const last = this.#take(chunk.subarray(from, at));
          if (this.#count > 0 || last.trim() !== '') yield last;
          this.#listDepth = 0;
          this.#isDone = true;
        }
        this.#depth -= 1;
      } else if (byte === comma && this.#depth === this.#listDepth) {
        this.#count += 1;
        yield this.#take(chunk.subarray(from, at));
        this.#held = [];
        from = at + 1;
      } else if (byte === colon && this.#depth === 1 && this.#listDepth === 0) {
        this.#lastKey = this.#lastKey === JSON.stringify(this.#key) ? this.#key : '';
      }
    }
    this.#held?.push(Buffer.from(chunk.subarray(from)));
  }

  end(): void {
    if (this.#depth > 0 || !this.#isDone)
      throw new BrokenListError(this.#depth > 0 ? 'it ends in the middle' : notAList);
  }

  /** Keys stand in the outermost object, before and after its list. */
  #isAtKey(): boolean {
    return this.#depth === 1 && this.#listDepth === 0;
  }

  #beginsList(opener: number): boolean {
    if (this.#isDone || this.#listDepth > 0 || opener !== 0x5b) return false;
    return this.#depth === 1 || (this.#depth === 2 && this.#lastKey === this.#key);
  }

  #take(rest: Buffer): string {
    const text = Buffer.concat([...(this.#held ?? []), rest]).toString('utf8');
    this.#held = null;
    return text;
  }
}

const notAList = 'it is neither a list nor an object with one';

/** @throws BrokenListError */
export async function* readList(source: AsyncIterable<Buffer>, key: string): AsyncGenerator<unknown> {
  let place = 0;
  for await (const text of memberTexts(source, key)) {
    try {
      yield JSON.parse(text);
    } catch (error) {
      throw new BrokenListError(`member ${place} is no JSON: ${error instanceof Error ? error.message : error}`);
    }
    place += 1;
  }
}

/** How many members there are, without reading them. @throws BrokenListError */
export async function countList(source: AsyncIterable<Buffer>, key: string): Promise<number> {
  let count = 0;
  for await (const _ of memberTexts(source, key)) count += 1;
  return count;
}

async function* memberTexts(source: AsyncIterable<Buffer>, key: string): AsyncGenerator<string> {
  const splitter = new Splitter(key);
  for await (const chunk of source) yield* splitter.push(chunk);
  splitter.end();
}
