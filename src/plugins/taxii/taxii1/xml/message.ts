import type { SaxesAttributeNS, SaxesTagNS } from 'saxes';
import { PayloadTooLargeError } from '#kernel/errors.ts';
import type { MessageElement } from '#plugins/taxii/taxii1/xml/element.ts';
import { ContentCapture, type NamespaceScope } from '#plugins/taxii/taxii1/xml/fragment.ts';
import { InvalidMessage } from '#plugins/taxii/taxii1/xml/invalid.ts';
import {
  type ElementRule,
  type MessageTable,
  nameOfRule,
  type Particle,
  readValue,
} from '#plugins/taxii/taxii1/xml/rule.ts';

export interface MessageLimits {
  /** The most bytes of the content of one block, with the namespaces that it takes along. */
  readonly maxBlockBytes: number;
  /** The most bytes of the contents of all blocks together: a few declarations may unfold into many. */
  readonly maxContentBytes: number;
  /** The most elements of the message itself. */
  readonly maxElements: number;
}

const xsi = 'http://www.w3.org/2001/XMLSchema-instance';
const xmlns = 'http://www.w3.org/2000/xmlns/';

/** An element that is open, and how far its content has come. */
interface Frame {
  readonly rule: ElementRule;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: MessageElement[];
  readonly texts: string[];
  readonly scope: NamespaceScope;
  /** The particle of the sequence that is read, and how many of it there are. */
  at: number;
  count: number;
  /** For an element that holds anything: how many are open in it, and what keeps them. */
  inside: number;
  readonly capture: ContentCapture | null;
}

/** Makes a message of the events of a parser, as long as they are what the table says. */
export class MessageBuilder {
  readonly #table: MessageTable;
  readonly #limits: MessageLimits;
  readonly #frames: Frame[] = [];
  #root: MessageElement | null = null;
  #elements = 0;
  #contentBytes = 0;

  constructor(table: MessageTable, limits: MessageLimits) {
    this.#table = table;
    this.#limits = limits;
  }

  /** Whether the root was opened. */
  get hasBegun(): boolean {
    return this.#elements > 0;
  }

  open(tag: SaxesTagNS): void {
    const parent = this.#frames.at(-1);
    if (parent?.rule.holds.kind === 'anything') {
      parent.inside += 1;
      parent.capture?.openElement(tag);
      return;
    }
    this.#elements += 1;
    if (this.#elements > this.#limits.maxElements)
      throw new PayloadTooLargeError(`The message has more than ${this.#limits.maxElements} elements.`);
    const name = tag.uri === this.#table.namespace ? tag.local : `{${tag.uri}}${tag.local}`;
    const rule = parent ? nextRule(parent, name) : this.#rootRule(name);
    const scope = scopeOf(parent?.scope ?? Object.create(null), tag);
    const kept = rule.holds.kind === 'anything' && rule.holds.kept;
    this.#frames.push({
      rule,
      name,
      attributes: readAttributes(name, rule, Object.values(tag.attributes)),
      children: [],
      texts: [],
      scope,
      at: 0,
      count: 0,
      inside: 0,
      capture: kept ? new ContentCapture(scope, this.#grower()) : null,
    });
  }

  /** @param qualified the name of the element as it was written. */
  close(qualified: string): void {
    const frame = this.#frames.at(-1);
    if (!frame) return;
    if (frame.inside > 0) {
      frame.inside -= 1;
      frame.capture?.closeElement(qualified);
      return;
    }
    this.#frames.pop();
    const element = toElement(frame);
    const parent = this.#frames.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
  }

  text(text: string): void {
    const frame = this.#frames.at(-1);
    if (!frame) return;
    switch (frame.rule.holds.kind) {
      case 'text':
        frame.texts.push(text);
        return;
      case 'anything':
        frame.capture?.text(text);
        return;
      default:
        if (/[^ \t\n\r]/.test(text)) throw new InvalidMessage(`${frame.name} holds text.`);
    }
  }

  comment(text: string): void {
    this.#frames.at(-1)?.capture?.comment(text);
  }

  instruction(target: string, body: string): void {
    this.#frames.at(-1)?.capture?.instruction(target, body);
  }

  end(): MessageElement {
    if (!this.#root) throw new InvalidMessage('It has no root.');
    return this.#root;
  }

  #rootRule(name: string): ElementRule {
    const rule = Object.hasOwn(this.#table.roots, name) ? this.#table.roots[name] : undefined;
    if (!rule) throw new InvalidMessage(`${shown(name)} is no message of ${this.#table.namespace}.`);
    return rule;
  }

  /** Counts the bytes of one content. */
  #grower(): (bytes: number) => void {
    let own = 0;
    return (bytes) => {
      own += bytes;
      this.#contentBytes += bytes;
      if (own > this.#limits.maxBlockBytes)
        throw new PayloadTooLargeError(
          `The content of a block is larger than ${this.#limits.maxBlockBytes} bytes (taxii.taxii1.maxBlockBytes).`,
        );
      if (this.#contentBytes > this.#limits.maxContentBytes)
        throw new PayloadTooLargeError(
          `The contents of the blocks are larger than ${this.#limits.maxContentBytes} bytes (threat.maxContentLength).`,
        );
    };
  }
}

/** A long or foreign name cannot make a message unreadable. */
const shown = (name: string) => (name.length > 200 ? `${name.slice(0, 200)}…` : name);

/** The rule for a child, which moves its parent on in the sequence. */
function nextRule(parent: Frame, name: string): ElementRule {
  const { holds } = parent.rule;
  if (holds.kind !== 'sequence')
    throw new InvalidMessage(`${parent.name} holds ${shown(name)}, but only text may be in it.`);
  for (; parent.at < holds.particles.length; parent.at += 1, parent.count = 0) {
    const particle = holds.particles[parent.at] as Particle;
    const rule = Object.hasOwn(particle.elements, name) ? particle.elements[name] : undefined;
    if (rule && parent.count < particle.max) {
      parent.count += 1;
      return rule;
    }
    if (parent.count < particle.min)
      throw new InvalidMessage(`${parent.name} has ${shown(name)} where ${namesOf(particle)} is expected.`);
  }
  throw new InvalidMessage(`${parent.name} may not have ${shown(name)} here.`);
}

const namesOf = ({ elements }: Particle) => Object.keys(elements).join(' or ');

function toElement({ rule, name, attributes, children, texts, at, count, capture }: Frame): MessageElement {
  const { holds } = rule;
  if (holds.kind === 'sequence') {
    const missing = holds.particles.find(({ min }, index) => index >= at && (index === at ? count : 0) < min);
    if (missing) throw new InvalidMessage(`${name} has no ${namesOf(missing)}.`);
  }
  let text = '';
  if (holds.kind === 'text') {
    const value = readValue(holds.value, texts.join(''));
    if (value === null) throw new InvalidMessage(`${name} is not ${nameOfRule(holds.value)}.`);
    text = value;
  }
  return { name, attributes, children, text, content: capture?.end() ?? null };
}

function readAttributes(
  element: string,
  { attributes: rules = {} }: ElementRule,
  given: readonly SaxesAttributeNS[],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, local, uri, value } of given) {
    if (uri === xmlns || (uri === xsi && /^(noNamespaceS|s)chemaLocation$/.test(local))) continue;
    const rule = uri === '' && Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw new InvalidMessage(`${element} may not have the attribute ${shown(name)}.`);
    const read = readValue(rule.value, value);
    if (read === null)
      throw new InvalidMessage(`The attribute ${name} of ${element} is not ${nameOfRule(rule.value)}.`);
    values.set(name, read);
  }
  for (const [name, { required }] of Object.entries(rules))
    if (required && !values.has(name)) throw new InvalidMessage(`${element} has no attribute ${name}.`);
  return values;
}

function scopeOf(outer: NamespaceScope, { ns }: SaxesTagNS): NamespaceScope {
  const own = Object.entries(ns);
  if (own.length === 0) return outer;
  const scope: Record<string, string> = Object.create(outer);
  for (const [prefix, uri] of own) if (prefix !== 'xmlns' && prefix !== 'xml') scope[prefix] = uri;
  return scope;
}
