import type { SaxesTagNS } from 'saxes';
import { escapeAttribute, escapeText } from '#plugins/taxii/taxii1/xml/text.ts';

/** The content of a block: text, or XML that stands alone. */
export interface BlockContent {
  readonly text: string;
  readonly isXml: boolean;
}

/** Namespaces in scope by prefix, those of outer elements inherited; without a prototype at the end. */
export type NamespaceScope = Readonly<Record<string, string>>;

/**
 * Takes in what an element holds. Child elements become XML that means the same wherever it stands: every prefix in scope
 * is declared on each of them, used in names or not, since values may hold prefixes too. White space, comments and
 * processing instructions stay as they are. Without child elements it is text.
 */
export class ContentCapture {
  readonly #scope: NamespaceScope;
  readonly #grow: (bytes: number) => void;
  /** Until the first child element nobody knows whether it is text or XML. */
  #before: { readonly text: string; readonly isMarkup: boolean }[] | null = [];
  readonly #parts: string[] = [];
  #depth = 0;
  #open: string | null = null;

  /** @param grow is told of each piece before it is kept, and throws when it is too much. */
  constructor(scope: NamespaceScope, grow: (bytes: number) => void) {
    this.#scope = scope;
    this.#grow = grow;
  }

  openElement(tag: SaxesTagNS): void {
    for (const { text, isMarkup } of this.#before ?? []) this.#parts.push(isMarkup ? text : escapeText(text));
    this.#before = null;
    this.#closeStart();
    const inherited = this.#depth === 0 ? this.#declarations(tag) : '';
    const own = Object.values(tag.attributes).map(({ name, value }) => ` ${name}="${escapeAttribute(value)}"`);
    this.#open = this.#kept(`<${tag.name}${inherited}${own.join('')}>`).slice(0, -1);
    this.#depth += 1;
  }

  closeElement(name: string): void {
    this.#depth -= 1;
    if (this.#open !== null) {
      this.#parts.push(`${this.#open}/>`);
      this.#grow(1);
      this.#open = null;
    } else this.#parts.push(this.#kept(`</${name}>`));
  }

  text(text: string): void {
    if (this.#before) this.#before.push({ text: this.#kept(text), isMarkup: false });
    else this.#push(escapeText(text));
  }

  comment(text: string): void {
    this.#markup(`<!--${text}-->`);
  }

  instruction(target: string, body: string): void {
    this.#markup(body === '' ? `<?${target}?>` : `<?${target} ${body}?>`);
  }

  end(): BlockContent {
    if (!this.#before) return { text: this.#parts.join(''), isXml: true };
    const texts = this.#before.filter(({ isMarkup }) => !isMarkup).map(({ text }) => text);
    return { text: texts.join(''), isXml: false };
  }

  #markup(text: string): void {
    if (this.#before) this.#before.push({ text: this.#kept(text), isMarkup: true });
    else this.#push(text);
  }

  #push(text: string): void {
    this.#closeStart();
    this.#parts.push(this.#kept(text));
  }

  #closeStart(): void {
    if (this.#open !== null) this.#parts.push(`${this.#open}>`);
    this.#open = null;
  }

  /** What outer elements declare and this one does not. */
  #declarations(tag: SaxesTagNS): string {
    let text = '';
    for (const prefix in this.#scope) {
      const uri = this.#scope[prefix] ?? '';
      if (prefix in tag.ns || (prefix === '' && uri === '')) continue;
      text += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeAttribute(uri)}"`;
    }
    return text;
  }

  #kept(text: string): string {
    this.#grow(Buffer.byteLength(text));
    return text;
  }
}
