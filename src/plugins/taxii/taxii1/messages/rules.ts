import type { ElementRule, Particle, ValueRule } from '#plugins/taxii/taxii1/xml/rule.ts';

/*
 * The words in which the tables of messages say what the published schemas of TAXII say.
 */

export const one = (name: string, rule: ElementRule): Particle => ({ elements: { [name]: rule }, min: 1, max: 1 });
export const maybe = (name: string, rule: ElementRule): Particle => ({ elements: { [name]: rule }, min: 0, max: 1 });
export const many = (name: string, rule: ElementRule, min = 0): Particle => ({
  elements: { [name]: rule },
  min,
  max: Number.POSITIVE_INFINITY,
});
/** Exactly one of several. */
export const oneOf = (elements: Readonly<Record<string, ElementRule>>): Particle => ({ elements, min: 1, max: 1 });

type Attributes = Readonly<Record<string, ValueRule>>;

/** Attributes by whether they must be there. */
export interface AttributeLists {
  readonly required?: Attributes;
  readonly optional?: Attributes;
}

const attributesOf = ({ required = {}, optional = {} }: AttributeLists): NonNullable<ElementRule['attributes']> =>
  Object.fromEntries([
    ...Object.entries(required).map(([name, value]) => [name, { value, required: true }] as const),
    ...Object.entries(optional).map(([name, value]) => [name, { value, required: false }] as const),
  ]);

export const sequence = (attributes: AttributeLists, ...particles: readonly Particle[]): ElementRule => ({
  attributes: attributesOf(attributes),
  holds: { kind: 'sequence', particles },
});

export const value = (rule: ValueRule, attributes: AttributeLists = {}): ElementRule => ({
  attributes: attributesOf(attributes),
  holds: { kind: 'text', value: rule },
});

/** Anything at all, of which nothing is kept. */
export const dropped = (attributes: AttributeLists = {}): ElementRule => ({
  attributes: attributesOf(attributes),
  holds: { kind: 'anything', kept: false },
});

/** Anything at all, kept as it is. */
export const kept = (attributes: AttributeLists = {}): ElementRule => ({
  attributes: attributesOf(attributes),
  holds: { kind: 'anything', kept: true },
});

const dsig = 'http://www.w3.org/2000/09/xmldsig#';

/** The attributes of a signature are its own. */
const signature: Particle = maybe(`{${dsig}}Signature`, dropped({ optional: { Id: 'string' } }));

const extendedHeaders: Particle = maybe(
  'Extended_Headers',
  sequence({}, many('Extended_Header', dropped({ required: { name: 'uri' } }), 1)),
);

/** A message: its headers, what is its own, and a signature. */
export const message = (id: ValueRule, attributes: AttributeLists, ...particles: readonly Particle[]): ElementRule =>
  sequence(
    { ...attributes, required: { message_id: id, ...attributes.required } },
    extendedHeaders,
    ...particles,
    signature,
  );

/** A message that answers another one. */
export const response = (id: ValueRule, { required, optional }: AttributeLists, ...particles: readonly Particle[]) =>
  message(id, { required: { in_response_to: id, ...required }, ...(optional && { optional }) }, ...particles);

export { signature };

/** How a service is reached. */
export const bindings: readonly Particle[] = [
  one('Protocol_Binding', value('uri')),
  one('Address', value('string')),
  many('Message_Binding', value('uri'), 1),
];

/** Where somebody wants content pushed to. */
export const pushTarget: readonly Particle[] = [
  one('Protocol_Binding', value('uri')),
  one('Address', value('string')),
  one('Message_Binding', value('uri')),
];

export const pushMethod: ElementRule = sequence(
  {},
  one('Protocol_Binding', value('uri')),
  many('Message_Binding', value('uri'), 1),
);

/** Everything but what is told of bindings and names is equal in both versions. */
export const text = value('string');
export const uri = value('uri');
export const label = value('label');
