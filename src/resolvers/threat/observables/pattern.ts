import { PatternFault, scan, type Token } from '#resolvers/threat/observables/tokens.ts';

/** A value that a path must have for the pattern to hold, if only in one branch of it. */
export interface Equality {
  /** The type of the object. */
  readonly type: string;
  /** The names below it; `[]` stands for any index. */
  readonly path: readonly string[];
  readonly value: string;
}

/** How deep parentheses may stand in each other. */
const mostNested = 256;

/**
 * Reads what a STIX pattern looks for: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html#_e8slinrhxcc9.
 * Every equality that is not negated counts, whatever stands around it: the logic is checked but not evaluated.
 * @param found is told each equality as it is read. None of them counts when there is a fault behind.
 * @returns what is wrong with the pattern, and where; null for a good one.
 */
export function readPattern(pattern: string, found: (equality: Equality) => void): string | null {
  try {
    new PatternReader(pattern, found).read();
    return null;
  } catch (error) {
    if (error instanceof PatternFault) return error.message;
    throw error;
  }
}

type Kinds = ReadonlySet<Token['kind']>;

const texts: Kinds = new Set(['text'] as const);
const ordered: Kinds = new Set(['text', 'number', 'binary', 'hex', 'timestamp'] as const);
const values: Kinds = new Set([...ordered, 'word'] as const);

/** What a path is compared with one value by, which values that can be, and whether the path must have the value then. */
const comparisons = new Map<string, { readonly takes: Kinds; readonly isEquality: boolean }>([
  ...['=', '=='].map((sign) => [sign, { takes: values, isEquality: true }] as const),
  ...['!=', '<>'].map((sign) => [sign, { takes: values, isEquality: false }] as const),
  ...['<', '<=', '>', '>='].map((sign) => [sign, { takes: ordered, isEquality: false }] as const),
  ...['ISSUBSET', 'ISSUPERSET'].map((word) => [word, { takes: texts, isEquality: true }] as const),
  ...['LIKE', 'MATCHES'].map((word) => [word, { takes: texts, isEquality: false }] as const),
]);

/** Descends through the grammar with one token in hand. Only parentheses recur. */
class PatternReader {
  readonly #next: () => Token;
  readonly #found: (equality: Equality) => void;
  #token: Token;
  #depth = 0;

  constructor(pattern: string, found: (equality: Equality) => void) {
    const scanner = scan(pattern);
    this.#found = found;
    this.#next = () => scanner.next();
    this.#token = scanner.next();
  }

  read(): void {
    this.#observations();
    if (this.#token.kind !== 'end') this.#refuse('the end');
  }

  /** Observations joined by `AND`, `OR` and `FOLLOWEDBY`. */
  #observations(): void {
    do this.#observation();
    while (this.#takes('AND') || this.#takes('OR') || this.#takes('FOLLOWEDBY'));
  }

  #observation(): void {
    if (this.#takes('(')) this.#nested(() => this.#observations());
    else {
      this.#need('[');
      this.#conditions();
      this.#need(']');
    }
    while (this.#qualifier());
  }

  #nested(read: () => void): void {
    if (this.#depth === mostNested)
      throw new PatternFault(`parentheses nested deeper than ${mostNested}`, this.#token.at);
    this.#depth += 1;
    read();
    this.#need(')');
    this.#depth -= 1;
  }

  #qualifier(): boolean {
    if (this.#takes('WITHIN')) {
      this.#needNumber(/^\+?(\d+|\d*\.\d+)$/, 'a number of seconds');
      this.#need('SECONDS');
    } else if (this.#takes('REPEATS')) {
      this.#needNumber(/^\+?\d+$/, 'a whole number');
      this.#need('TIMES');
    } else if (this.#takes('START')) {
      this.#needInstant();
      this.#need('STOP');
      this.#needInstant();
    } else return false;
    return true;
  }

  /** Comparisons joined by `AND` and `OR`. */
  #conditions(): void {
    do this.#condition();
    while (this.#takes('AND') || this.#takes('OR'));
  }

  #condition(): void {
    if (this.#takes('(')) {
      this.#nested(() => this.#conditions());
      return;
    }
    const negated = this.#takes('NOT');
    if (this.#takes('EXISTS')) {
      this.#path();
      return;
    }
    if (negated) this.#refuse('EXISTS');
    this.#comparison();
  }

  #comparison(): void {
    const { type, path } = this.#path();
    const negated = this.#takes('NOT');
    const keep = (token: Token) => {
      if (!negated && token.kind === 'text') this.#found({ type, path, value: token.text });
    };
    if (this.#takes('IN')) {
      this.#set(keep);
      return;
    }
    const { kind, text } = this.#token;
    const comparison = kind === 'sign' || kind === 'word' ? comparisons.get(text) : undefined;
    if (!comparison) throw this.#unexpected('a comparison');
    this.#advance();
    const value = this.#value(comparison.takes);
    if (comparison.isEquality) keep(value);
  }

  #set(keep: (token: Token) => void): void {
    this.#need('(');
    if (this.#takes(')')) return;
    do keep(this.#value(values));
    while (this.#takes(','));
    this.#need(')');
  }

  #value(kinds: Kinds): Token {
    const token = this.#token;
    const isValue =
      kinds.has(token.kind) &&
      (token.kind !== 'word' || token.text === 'true' || token.text === 'false') &&
      (token.kind !== 'text' || token.quote === "'") &&
      isWellWritten(token);
    if (!isValue) this.#refuse('a value');
    this.#advance();
    return token;
  }

  #path(): Pick<Equality, 'type' | 'path'> {
    const { text: type } = this.#token;
    if (this.#token.kind !== 'word') this.#refuse('the path of a property');
    this.#advance();
    this.#need(':');
    const path = [this.#name()];
    for (;;) {
      if (this.#takes('.')) path.push(this.#name());
      else if (this.#takes('[')) {
        if (!this.#takes('*')) this.#needNumber(/^[+-]?\d+$/, 'an index or *');
        this.#need(']');
        path.push('[]');
      } else return { type, path };
    }
  }

  #name(): string {
    const { kind, text } = this.#token;
    if (kind !== 'word' && kind !== 'text') this.#refuse('the name of a property');
    this.#advance();
    return text;
  }

  #needNumber(form: RegExp, what: string): void {
    if (this.#token.kind !== 'number' || !form.test(this.#token.text)) this.#refuse(what);
    this.#advance();
  }

  /** STIX 2.0 wrote these instants as plain texts. */
  #needInstant(): void {
    const { kind, text } = this.#token;
    if ((kind !== 'timestamp' && kind !== 'text') || !isInstant(text))
      this.#refuse("a timestamp such as t'2026-03-01T09:30:00Z'");
    this.#advance();
  }

  #need(text: string): void {
    if (!this.#takes(text)) this.#refuse(text);
  }

  /** Goes on when a keyword or a sign is in hand. */
  #takes(text: string): boolean {
    const { kind } = this.#token;
    if ((kind !== 'word' && kind !== 'sign') || this.#token.text !== text) return false;
    this.#advance();
    return true;
  }

  #advance(): void {
    this.#token = this.#next();
  }

  #refuse(expected: string): never {
    throw this.#unexpected(expected);
  }

  #unexpected(expected: string): PatternFault {
    const { kind, text, at } = this.#token;
    const found =
      kind === 'end' ? 'the end' : text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}…` : JSON.stringify(text);
    return new PatternFault(`${expected} is expected, and ${found} found`, at);
  }
}

const isInstant = (text: string): boolean =>
  text.length <= 40 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));

function isWellWritten({ kind, text }: Token): boolean {
  if (kind === 'timestamp') return isInstant(text);
  if (kind === 'hex') return text.length % 2 === 0 && !/[^0-9a-fA-F]/.test(text);
  return kind !== 'binary' || !/[^A-Za-z0-9+/=]/.test(text);
}
