import type { Builder } from '#schema/builder.ts';

const expectString = (name: string) => (value: unknown) => {
  if (typeof value !== 'string') throw new TypeError(`${name} must be given as a text.`);
  return value;
};

/** Scalars check the JSON kind only. Whether the content is good is for the behaviour to say, with a path. */
export function scalars(builder: Builder): void {
  builder.scalarType('DateTime', {
    description: 'An instant in UTC as ISO 8601, with up to microseconds: `2026-03-01T09:30:00.000000Z`.',
    parseValue: expectString('DateTime'),
    serialize: (value) => value,
  });
  builder.scalarType('JSON', {
    description: 'Any JSON value.',
    parseValue: (value) => value,
    serialize: (value) => value,
  });
  builder.scalarType('BigInt', {
    description: 'A whole number of any size, as a text of digits.',
    parseValue(value) {
      if (typeof value === 'string' && /^-?\d{1,64}$/.test(value)) return BigInt(value);
      if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
      throw new TypeError('BigInt must be given as a text of digits, or as a whole number.');
    },
    serialize: (value) => String(value),
  });
  builder.scalarType('Cidr', {
    description: 'An IPv4 or IPv6 network, such as `10.0.0.0/8` or `2001:db8::/32`.',
    parseValue: expectString('Cidr'),
    serialize: (value) => value,
  });
  builder.scalarType('Attributes', {
    description:
      'An object of attributes: a text under each name, a list of texts for an attribute with several values.',
    parseValue(value) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
      throw new TypeError('Attributes must be given as an object.');
    },
    serialize: (value) => value,
  });
  builder.scalarType('MacAddress', {
    description:
      'A MAC address, shown as `00:1C:73:2A:60:62`. Given as hex with or without `:`, `-` or `.`, or as a whole number; a text of digits only is a decimal number.',
    parseValue(value) {
      if (typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))) return value;
      throw new TypeError('MacAddress must be given as a text or as a whole number.');
    },
    serialize: (value) => value,
  });
  builder.scalarType('EventCursor', {
    description: 'A place in the event log. Opaque: keep it, and give it back as `after`.',
    parseValue: expectString('EventCursor'),
    serialize: (value) => value,
  });
}
