/** The part of made objects that is rare, by its type as by its version of the specification. */
const rarity = 10_000;

/** What is looked for among many. */
export const rare = { type: 'x-rare', specVersion: '2.0' } as const;

/** So many objects from a number on: tools and malware, every tenth an indicator with a value of its own. */
export const madeObjects = (from: number, count: number): object[] =>
  Array.from({ length: count }, (_, at) => madeObject(from + at));

function madeObject(number: number): object {
  const type = typeOf(number);
  const created = '2026-01-01T00:00:00.000Z';
  const what =
    type === 'indicator'
      ? { pattern_type: 'stix', pattern: `[ipv4-addr:value = '${addressOf(number)}']`, valid_from: created }
      : { name: `${type} number ${number}`, description: 'Made for a benchmark, and about as long as others are.' };
  return {
    type,
    spec_version: number % rarity === 2 ? rare.specVersion : '2.1',
    id: idOf(number),
    created,
    modified: created,
    ...what,
  };
}

/** The id of the object of a number. */
export const idOf = (number: number): string =>
  `${typeOf(number)}--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function typeOf(number: number): string {
  if (number % rarity === 1) return rare.type;
  return number % 10 === 0 ? 'indicator' : number % 2 === 0 ? 'tool' : 'malware';
}

const addressOf = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
