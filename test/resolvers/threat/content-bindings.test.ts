import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import {
  blockBinding,
  type ContentBinding,
  contentBinding,
  formatBinding,
  isWanted,
  overlap,
  supports,
} from '#resolvers/threat/content-blocks/binding.ts';

const read = (given: unknown) => parse(contentBinding, given);

test('a binding is read from a text and from an object, and written as a text', () => {
  expect(read('urn:x')).toEqual({ binding: 'urn:x', subtypes: [] });
  expect(read('urn:x>sub1,sub2')).toEqual({ binding: 'urn:x', subtypes: ['sub1', 'sub2'] });
  expect(read({ binding: 'urn:x>a,a' })).toEqual({ binding: 'urn:x', subtypes: ['a'] });
  expect(read({ binding: 'urn:x', subtypes: ['a,b'] })).toEqual({ binding: 'urn:x', subtypes: ['a,b'] });
  expect(formatBinding(read('urn:x>sub1,sub2'))).toBe('urn:x>sub1,sub2');
  expect(formatBinding(read('urn:x'))).toBe('urn:x');
});

test.each([
  '',
  '>',
  'urn:x>',
  'urn:x>a,',
  'urn x',
  'urn:x>a b',
  'urn:x>a>b',
  7,
  null,
  { subtypes: [] },
  'x'.repeat(1001),
  'é'.repeat(501),
])('refuses %j as a binding', (given) => {
  expect(() => read(given)).toThrow(InputError);
});

test('the binding of a block has one subtype at most', () => {
  expect(parse(blockBinding, 'urn:x>a')).toEqual({ binding: 'urn:x', subtypes: ['a'] });
  expect(() => parse(blockBinding, 'urn:x>a,b')).toThrow('one subtype at most');
});

const subtype = fc.constantFrom('s', 't', 'u');
const aBinding: fc.Arbitrary<ContentBinding> = fc.record({
  binding: fc.constantFrom('urn:a', 'urn:b'),
  subtypes: fc.uniqueArray(subtype, { maxLength: 3 }),
});
const aBlock: fc.Arbitrary<ContentBinding | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    binding: fc.constantFrom('urn:a', 'urn:b', 'urn:c'),
    subtypes: fc.uniqueArray(subtype, { maxLength: 1 }),
  }),
);
const aHolder = fc.record({ acceptAllContent: fc.boolean(), supportedContent: fc.array(aBinding, { maxLength: 4 }) });

test('what a poll wants is what was requested and what is supported, of every block', () => {
  fc.assert(
    fc.property(aHolder, fc.array(aBinding, { maxLength: 4 }), aBlock, (holder, requested, block) => {
      const wanted = overlap(holder, requested);
      const isRequested = requested.length === 0 || isWanted(requested, block);
      const isSupported = holder.supportedContent.length === 0 || supports(holder, block);
      expect(isWanted(wanted, block)).toBe(isRequested && isSupported);
    }),
    { numRuns: 2000 },
  );
});

test('an empty overlap of subtypes is nothing, and never everything', () => {
  const holder = { acceptAllContent: false, supportedContent: [read('urn:x>a')] };
  expect(overlap(holder, [read('urn:x>b')])).toEqual([]);
  expect(overlap(holder, [read('urn:x>b'), read('urn:x>a,b')])).toEqual([read('urn:x>a')]);
  expect(overlap(holder, [])).toEqual([read('urn:x>a')]);
  expect(overlap({ ...holder, acceptAllContent: true }, [])).toBe('ALL');
  expect(overlap({ acceptAllContent: false, supportedContent: [] }, [read('urn:y')])).toEqual([read('urn:y')]);
});

test('a holder that names nothing and does not take all takes nothing', () => {
  expect(supports({ acceptAllContent: false, supportedContent: [] }, read('urn:x'))).toBe(false);
  expect(supports({ acceptAllContent: true, supportedContent: [] }, null)).toBe(true);
  expect(supports({ acceptAllContent: false, supportedContent: [read('urn:x>a')] }, read('urn:x'))).toBe(false);
});
