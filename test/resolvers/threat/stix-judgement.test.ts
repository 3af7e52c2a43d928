import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isInstant, laterBy, noInstant, readInstant } from '#resolvers/threat/instant.ts';
import { objectsIn, readEnvelope } from '#resolvers/threat/objects/envelope.ts';
import { hashOf } from '#resolvers/threat/objects/hash.ts';
import { isFault, judgeObject, unknownId } from '#resolvers/threat/objects/validate.ts';

const id = 'indicator--00000000-0000-4000-8000-000000000001';
const good = { type: 'indicator', id, created: '2016-04-06T20:03:48Z', modified: '2016-04-06T20:03:48.123Z' };
/** Without the parts that are undefined. */
const judge = (parts: object, position = 0) =>
  judgeObject(
    Object.fromEntries(Object.entries({ ...good, ...parts }).filter(([, value]) => value !== undefined)),
    position,
  );
const messageOf = (parts: object) => {
  const judged = judge(parts);
  return isFault(judged) ? judged.message : null;
};

describe('instants', () => {
  test.each([
    ['2016-04-06T20:03:48Z', '2016-04-06T20:03:48.000000Z'],
    ['2016-04-06T20:03:48.5Z', '2016-04-06T20:03:48.500000Z'],
    ['2024-02-29T23:59:59.123456Z', '2024-02-29T23:59:59.123456Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('reads %s as %s', (text, instant) => {
    expect(readInstant(text)).toBe(instant);
    expect(isInstant(instant)).toBe(true);
  });

  test.each([
    '2023-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:00:60Z',
    '0000-01-01T00:00:00Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00+00:00',
    '2024-01-01T00:00:00.1234567Z',
    '2024-01-01t00:00:00z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01',
    '',
    '２024-01-01T00:00:00Z',
  ])('takes %s for none', (text) => {
    expect(readInstant(text)).toBeNull();
  });

  test('go on by microseconds, in the order of their texts', () => {
    expect(laterBy('2023-12-31T23:59:59.999999Z', 1)).toBe('2024-01-01T00:00:00.000000Z');
    expect(laterBy('1969-12-31T23:59:59.999999Z', 1)).toBe('1970-01-01T00:00:00.000000Z');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-02'), max: new Date('9998-01-01'), noInvalidDate: true }),
        fc.nat(10_000_000),
        (date, by) => {
          const instant = `${date.toISOString().slice(0, 23)}007Z`;
          const later = laterBy(instant, by + 1);
          expect(isInstant(later)).toBe(true);
          expect(later > instant).toBe(true);
          expect(laterBy(later, -by - 1)).toBe(instant);
        },
      ),
    );
  });
});

describe('an object', () => {
  test('is kept with what it says of itself', () => {
    expect(judge({ x_custom: { a: [1] } })).toEqual({
      stixId: id,
      type: 'indicator',
      specVersion: '2.1',
      version: '2016-04-06T20:03:48.123000Z',
      body: { ...good, x_custom: { a: [1] } },
    });
    expect(judge({ spec_version: '2.0', modified: undefined })).toMatchObject({
      specVersion: '2.0',
      version: '2016-04-06T20:03:48.000000Z',
    });
    expect(judgeObject({ type: 'x-a-b', id: id.replace('indicator', 'x-a-b') }, 0)).toMatchObject({
      version: noInstant,
    });
    expect(judge({ modified: good.created })).toMatchObject({ version: '2016-04-06T20:03:48.000000Z' });
  });

  test.each([
    ['type: is missing', { type: undefined }],
    ['type: must be 3 to 250 of a-z, 0-9 and -', { type: 'Indicator' }],
    ['type: must be 3 to 250 of a-z, 0-9 and -', { type: 7 }],
    ['type: must be what its id begins with, not malware', { type: 'malware' }],
    ['spec_version: must be digits, a dot and digits, of at most 10 characters', { spec_version: 2.1 }],
    ['spec_version: must be digits, a dot and digits, of at most 10 characters', { spec_version: '2.1\n' }],
    ['spec_version: must be digits, a dot and digits, of at most 10 characters', { spec_version: '12345678.12' }],
    ['modified: may not be before created', { modified: '2016-04-06T20:03:47.999999Z' }],
    ['name: may not hold U+0000', { name: 'a\u0000' }],
    ['labels[1].x: may not hold halves of surrogate pairs', { labels: ['a', { x: '\ud800' }] }],
    ['a name: may not hold a name with U+0000 or halves of surrogate pairs', { 'a\u0000': 1 }],
    ['n: may not be beyond 2^53 - 1', { n: 2 ** 53 }],
    ['n: may not be beyond 2^53 - 1', { n: Number.NEGATIVE_INFINITY }],
  ])('fails with "%s"', (message, parts) => {
    expect(messageOf(parts)).toBe(message);
    expect(judge(parts)).toMatchObject({ stixId: id });
  });

  test('fails for times that are none, and names which', () => {
    for (const time of ['2016-02-30T00:00:00Z', '2016-01-01T00:00:00+01:00', 1, null, '']) {
      expect(messageOf({ created: time, modified: undefined })).toMatch(/^created: must be an instant/);
      expect(messageOf({ modified: time })).toMatch(/^modified: must be an instant/);
    }
  });

  test('without an id of use is known by its place', () => {
    for (const [broken, message] of [
      [undefined, 'id: is missing'],
      [7, 'id: must be a text'],
      ['indicator', 'id: must be <type>--<UUID>'],
      ['Indicator--00000000-0000-4000-8000-000000000001', 'id: must be <type>--<UUID>'],
      [`${id}\u0000`, 'id: must be <type>--<UUID>'],
      [`${'x'.repeat(263)}${id.slice(9)}`, 'id: may not be longer than 300 characters'],
    ] as const)
      expect(judge({ id: broken }, 7)).toMatchObject({ stixId: unknownId, message: `objects[7]: ${message}` });
    for (const value of [null, 7, 'x', [good]])
      expect(judgeObject(value, 3)).toMatchObject({ stixId: unknownId, message: 'objects[3]: is not an object' });
  });

  test('may be nested a hundred levels deep, and no more', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
    expect(messageOf({ deep: nested(99) })).toBeNull();
    expect(messageOf({ deep: nested(100) })).toBe('deep: may not be nested deeper than 100 levels');
    const bottomless: unknown[] = [];
    bottomless.push(bottomless);
    expect(messageOf({ deep: bottomless })).toBe('deep: may not be nested deeper than 100 levels');
  });

  test('takes names of prototypes as plain data', () => {
    const body = JSON.parse(`{"type":"indicator","id":"${id}","__proto__":{"x":1},"constructor":{"y":2}}`);
    const judged = judgeObject(body, 0);
    expect('body' in judged && JSON.stringify(judged.body)).toContain('"__proto__":{"x":1}');
    expect(hashOf(body, '2.1')).not.toBe(hashOf({ type: 'indicator', id }, '2.1'));
  });

  test('has one hash however it is written, and another for other content', () => {
    const one = hashOf({ a: 1, b: [1, 2] }, '2.1');
    expect(hashOf(JSON.parse('{ "b": [1.0, 2e0], "a": 1 }'), '2.1')).toBe(one);
    expect(hashOf({ a: 1, b: [1, 2], spec_version: '2.1' }, '2.1')).toBe(one);
    expect(hashOf({ a: 1, b: [2, 1] }, '2.1')).not.toBe(one);
    expect(hashOf({ a: 1, b: [1, 2], spec_version: '2.0' }, '2.0')).not.toBe(one);
  });

  test('is judged without a throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (value) => {
        const judged = judgeObject(value, 0);
        expect(isFault(judged)).toBe(true);
      }),
    );
  });
});

describe('an envelope', () => {
  test.each([
    ['', 'No data'],
    [' \n', 'No data'],
    ['abcd', 'Invalid json: '],
    ['{"objects": [}', 'Invalid json: '],
    ['[]', 'No objects'],
    ['{}', 'No objects'],
    ['{"objects":{}}', 'No objects'],
    ['null', 'No objects'],
    ['"objects"', 'No objects'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => readEnvelope(text)).toThrow(message);
  });

  test('gives its objects, and a bundle does too', () => {
    expect(readEnvelope('{"objects":[]}')).toEqual([]);
    expect(readEnvelope('{"type":"bundle","id":"x","objects":[1,{"a":2}],"more":true}')).toEqual([1, { a: 2 }]);
    expect(objectsIn({ objects: [1] })).toEqual([1]);
  });
});
