import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#kernel/json.ts';
import { readIndicator } from '#resolvers/threat/observables/indicator.ts';
import { addressOf, soughtAs, urlOf } from '#resolvers/threat/observables/normal-form.ts';
import { readPattern } from '#resolvers/threat/observables/pattern.ts';

const indicator = (pattern: unknown, more: JsonObject = {}) =>
  readIndicator({ type: 'indicator', pattern, ...more } as JsonObject);
const values = (pattern: string) => {
  const { observables, patternError } = indicator(pattern);
  expect(patternError).toBeNull();
  return observables.map(({ value }) => value);
};
const equalities = (pattern: string) => {
  const found: string[] = [];
  expect(readPattern(pattern, ({ type, path, value }) => found.push(`${type}:${path.join('.')}=${value}`))).toBeNull();
  return found;
};
const fault = (pattern: string) => readPattern(pattern, () => {});

describe('what an indicator looks for', () => {
  test('takes every positive equality, whatever the logic around it', () => {
    expect(values("[ipv4-addr:value = '198.51.100.1/32']")).toEqual(['198.51.100.1']);
    expect(values("[ipv4-addr:value ISSUBSET '198.51.100.7/24']")).toEqual(['198.51.100.0/24']);
    expect(values("[ipv4-addr:value ISSUPERSET '198.51.100.7']")).toEqual(['198.51.100.7']);
    expect(values("[ipv4-addr:value IN ('198.51.100.1','203.0.113.9')]")).toEqual(['198.51.100.1', '203.0.113.9']);
    expect(
      values("([domain-name:value = 'Example.COM.'] FOLLOWEDBY [url:value = 'HTTP://Ex.org/A']) WITHIN 300 SECONDS"),
    ).toEqual(['example.com', 'http://ex.org/A']);
    const hash = 'AEC070645FE53EE3B3763059376134F058CC337247C978ADD178B6CCDFB0019F';
    expect(indicator(`[file:hashes.'SHA-256' = '${hash}' AND file:name = 'x']`).observables).toEqual([
      { kind: 'FILE_HASH', value: hash.toLowerCase(), hashAlgorithm: 'SHA-256', cidr: null },
    ]);
  });

  test('takes nothing that is negated, ordered or matched', () => {
    expect(values("[ipv4-addr:value != '192.0.2.1']")).toEqual([]);
    expect(values("[ipv4-addr:value <> '192.0.2.1']")).toEqual([]);
    expect(values("[ipv4-addr:value NOT IN ('192.0.2.1', '192.0.2.2')]")).toEqual([]);
    expect(values("[ipv4-addr:value NOT = '192.0.2.1']")).toEqual([]);
    expect(values("[ipv4-addr:value NOT ISSUBSET '192.0.2.0/24']")).toEqual([]);
    expect(values("[domain-name:value LIKE '%.example' OR domain-name:value MATCHES 'a.b']")).toEqual([]);
    expect(values("[domain-name:value > 'a' AND domain-name:value <= 'b']")).toEqual([]);
    expect(values('[NOT EXISTS domain-name:value OR EXISTS url:value]')).toEqual([]);
  });

  test('never reads the inside of a text as pattern', () => {
    expect(values("[url:value = 'http://x/\\'] OR [ipv4-addr:value = \\'192.0.2.1\\'']")).toEqual([
      "http://x/'] OR [ipv4-addr:value = '192.0.2.1'",
    ]);
    expect(values("[url:value = 'http://x/\\\\' OR ipv4-addr:value = '192.0.2.1']")).toEqual([
      'http://x/\\',
      '192.0.2.1',
    ]);
    expect(values("[url:value = '/* */ // x']")).toEqual(['/* */ // x']);
  });

  test('reads addresses in the paths that hold them, and names where a path may hold either', () => {
    expect(
      values(`[network-traffic:src_ref.value = '2001:DB8::1' AND network-traffic:dst_ref.value = 'Evil.example.']
        OR [domain-name:resolves_to_refs[*].value = '192.0.2.9'] OR [domain-name:resolves_to_refs[0].value = 'a.example']`),
    ).toEqual(['2001:db8::1', 'evil.example', '192.0.2.9', 'a.example']);
    expect(
      values("[ipv4-addr:value = 'evil.example' OR email-addr:value = 'a@b' OR ipv4-addr:id = '192.0.2.1']"),
    ).toEqual([]);
  });

  test('names each algorithm in one way', () => {
    const hashes =
      "[file:hashes.SHA256 = 'A' OR file:hashes.'sha-256' = 'a' OR file:hashes.\"MD5\" = 'B' OR file:hashes.SHA-1 = 'C']";
    expect(indicator(hashes).observables.map(({ hashAlgorithm, value }) => [hashAlgorithm, value])).toEqual([
      ['SHA-256', 'a'],
      ['MD5', 'b'],
      ['SHA-1', 'c'],
    ]);
    expect(indicator(`[file:hashes.'${'x'.repeat(101)}' = 'a']`).observables).toEqual([]);
  });

  test('keeps each value once and names what is beyond the most', () => {
    expect(values("[ipv4-addr:value = '10.0.0.1'] AND [ipv4-addr:value = '10.0.0.1/32']")).toEqual(['10.0.0.1']);
    const many = Array.from({ length: 10_012 }, (_, n) => `'h${n}.example'`).join(',');
    const { observables, patternError, note } = indicator(`[domain-name:value IN (${many})]`);
    expect(observables).toHaveLength(10_000);
    expect(observables.at(-1)?.value).toBe('h9999.example');
    expect(patternError).toBe(
      'of the pattern only 10000 values are kept, without h10000.example, h10001.example, h10002.example, h10003.example, h10004.example, h10005.example, h10006.example, h10007.example, h10008.example, h10009.example and others',
    );
    expect(note).toBe(patternError);
    const long = Array.from({ length: 10_001 }, (_, n) => `'${n}${'😀'.repeat(60)}'`).join(',');
    const cut = indicator(`[url:value IN (${long})]`).patternError ?? '';
    expect(cut.isWellFormed()).toBe(true);
    expect(cut).toMatch(/^of the pattern only 10000 values are kept, without 10000(😀)+.…$/u);
  });

  test('is nothing for other objects and other languages, and an error only where a pattern cannot be read', () => {
    expect(readIndicator({ type: 'malware', pattern: 'x' })).toEqual({
      observables: [],
      patternError: null,
      note: null,
    });
    expect(indicator('alert tcp any', { pattern_type: 'snort' }).patternError).toBeNull();
    expect(indicator(undefined).patternError).toBeNull();
    expect(indicator(7).patternError).toBe('the pattern is no text');
    expect(indicator("[url:value = 'http://x/']", { pattern_type: 'stix' }).observables).toHaveLength(1);
    expect(indicator('[ipv4-addr:value = ')).toEqual({
      observables: [],
      patternError: 'a value is expected, and the end found at character 20',
      note: 'pattern not parsed: a value is expected, and the end found at character 20',
    });
    expect(indicator("[url:value = 'a' OR ipv4-addr:value = '192.0.2.1'").observables).toEqual([]);
  });
});

describe('the language', () => {
  test.each([
    '[a-b:c = 1] AND [a:b = -1.5 OR a:b = +.5] OR [a:b = true]',
    "[a:b.c[1].'d e'[*].\"f\" = 'x']",
    "[a:b = t'2016-01-01T00:00:00.123Z' AND a:b = h'00fF' AND a:b = b'AQID==']",
    "[a:b IN () OR (a:b IN (1, 'x', true) AND (a:b = 2))]",
    '(([a:b=1]) WITHIN 5 SECONDS) REPEATS 3 TIMES WITHIN 1.5 SECONDS',
    "[a:b=1] START t'2016-01-01T00:00:00Z' STOP t'2016-01-02T00:00:00Z'",
    "[a:b=1] START '2016-01-01T00:00:00Z' STOP '2016-01-02T00:00:00Z'",
    '/* before */[a:b /* inside // */ = 1] // behind\n\tFOLLOWEDBY\r\n[a:b == 2]//',
    '[a:b=1]FOLLOWEDBY[a:b=2]AND[a:b>3]',
    '[a:t = 1 AND b:h = 2]',
  ])('reads %s', (pattern) => {
    expect(fault(pattern)).toBeNull();
  });

  test.each([
    ['', '[ is expected, and the end found at character 1'],
    ['[]', 'the path of a property is expected, and "]" found at character 2'],
    ['[a:b = 1', '] is expected, and the end found at character 9'],
    ['[a:b = 1] x', 'the end is expected, and "x" found at character 11'],
    ['[a:b 1]', 'a comparison is expected, and "1" found at character 6'],
    ['[a:b = "x"]', 'a value is expected, and "x" found at character 8'],
    ["[a:b = 'x]", 'a text that does not end at character 8'],
    ["[a:b = 'C:\\Windows']", 'a backslash that escapes neither a quote nor a backslash at character 11'],
    ['[a:b = maybe]', 'a value is expected, and "maybe" found at character 8'],
    ['[a:b LIKE 1]', 'a value is expected, and "1" found at character 11'],
    ["[a:b = h'0']", 'a value is expected, and "0" found at character 8'],
    ["[a:b = t'2016-13-01T00:00:00Z']", 'a value is expected, and "2016-13-01T00:00:00Z" found at character 8'],
    ['[a:b = 1] WITHIN x SECONDS', 'a number of seconds is expected, and "x" found at character 18'],
    ['[a:b = 1] REPEATS 1.5 TIMES', 'a whole number is expected, and "1.5" found at character 19'],
    ['[a:b[x] = 1]', 'an index or * is expected, and "x" found at character 6'],
    ['[NOT a:b = 1]', 'EXISTS is expected, and "a" found at character 6'],
    ['[a:b = 1 # 2]', '"#" is unexpected at character 10'],
    ['[a:b = 1 😀]', '"😀" is unexpected at character 10'],
    ['/* [a:b = 1]', 'a comment that does not end at character 1'],
    ['[a:b = 1] and [a:b = 2]', 'the end is expected, and "and" found at character 11'],
    [`[a:b = 1] ${'y'.repeat(50)}`, `the end is expected, and "${'y'.repeat(40)}"… found at character 11`],
  ])('refuses %s and says where', (pattern, expected) => {
    expect(fault(pattern)).toBe(expected);
  });

  test('nests parentheses 256 deep and no deeper, outside and inside of brackets', () => {
    const outside = (depth: number) => `${'('.repeat(depth)}[a:b = 'x']${')'.repeat(depth)}`;
    const inside = (depth: number) => `[${'('.repeat(depth)}a:b = 'x'${')'.repeat(depth)}]`;
    for (const nest of [outside, inside]) {
      expect(equalities(nest(256))).toEqual(['a:b=x']);
      expect(fault(nest(257))).toContain('parentheses nested deeper than 256 at character ');
    }
    expect(fault('('.repeat(1_000_000))).toBe('parentheses nested deeper than 256 at character 258');
    expect(fault(`${'('.repeat(200)}[${'('.repeat(57)}a:b = 1${')'.repeat(57)}]${')'.repeat(200)}`)).toContain(
      'deeper',
    );
  });

  test('takes time in proportion to the length', () => {
    const shapes: readonly ((n: number) => string)[] = [
      (n) => `[a:b = '${"\\'".repeat(n)}']`,
      (n) => `[a:b IN (${"'x',".repeat(n)}'x')]`,
      (n) => `[a:b = 1]${' OR [a:b = 1]'.repeat(n)}`,
      (n) => `[a:b = 1]${' WITHIN 1 SECONDS'.repeat(n)}`,
      (n) => `[a:b${'.c'.repeat(n)} = 1]`,
      (n) => `${'/**/'.repeat(n)}[a:b = 1]`,
      (n) => `${' '.repeat(n)}[a:b = ${'9'.repeat(n)}]`,
      (n) => `[a:b = '${'/*'.repeat(n)}']`,
      (n) => `[url:value = 'http://${'@'.repeat(n)}${'/'.repeat(n)}']`,
    ];
    // What is quadratic takes longer than any test may.
    for (const shape of shapes) expect(indicator(shape(100_000)).patternError).toBeNull();
  });

  test('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      ...['[', ']', '(', ')', "'", '"', '\\', '=', '!=', '<', ':', '.', ',', '*', ' ', 'a:b', 'AND', 'NOT', 'IN', 'OR'],
      ...[
        'FOLLOWEDBY',
        'WITHIN 1 SECONDS',
        'START',
        "t'",
        "h'",
        '/*',
        '*/',
        '//',
        '\n',
        '1',
        '-',
        '\u0000',
        '\ud800',
        'é',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (pattern) => {
          const reading = indicator(pattern);
          expect(reading.observables.length === 0 || reading.patternError === null).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('finds the values of any tree of comparisons, in their order, and only the positive ones', () => {
    interface Made {
      readonly text: string;
      readonly found: readonly string[];
    }
    const quote = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`;
    const value = fc.string({ unit: fc.constantFrom('a', "'", '\\', ']', '(', ' ', '/*', '//', '"') });
    const blank = fc.constantFrom(' ', '\n', ' /* x */ ', ' // y\n ');
    const comparison: fc.Arbitrary<Made> = fc.oneof(
      fc
        .record({ value, negated: fc.boolean(), word: fc.constantFrom('=', '==', 'ISSUBSET', 'ISSUPERSET') })
        .map((made) => ({
          text: `x:y ${made.negated ? 'NOT ' : ''}${made.word} ${quote(made.value)}`,
          found: made.negated ? [] : [made.value],
        })),
      fc.record({ value, word: fc.constantFrom('!=', '<>', 'LIKE', 'MATCHES', '<', '>=') }).map((made) => ({
        text: `x:y ${made.word} ${quote(made.value)}`,
        found: [],
      })),
      fc.record({ list: fc.array(value), negated: fc.boolean() }).map(({ list, negated }) => ({
        text: `x:y ${negated ? 'NOT ' : ''}IN (${list.map(quote).join(' , ')})`,
        found: negated ? [] : list,
      })),
    );
    const tree = (leaf: fc.Arbitrary<Made>, words: readonly string[], wrap: (text: string) => string) =>
      fc.letrec<{ tree: Made }>((tie) => ({
        tree: fc.oneof(
          { maxDepth: 4 },
          leaf,
          fc.tuple(tie('tree'), blank, fc.constantFrom(...words), blank, tie('tree')).map(
            ([one, before, word, behind, other]): Made => ({
              text: `${one.text}${before}${word}${behind}${other.text}`,
              found: [...one.found, ...other.found],
            }),
          ),
          tie('tree').map(({ text, found }): Made => ({ text: wrap(text), found })),
        ),
      })).tree;
    const observation = tree(comparison, ['AND', 'OR'], (text) => `(${text})`).map(
      ({ text, found }): Made => ({ text: `[${text}]`, found }),
    );
    fc.assert(
      fc.property(
        tree(observation, ['AND', 'OR', 'FOLLOWEDBY'], (text) => `( ${text} ) REPEATS 2 TIMES`),
        ({ text, found }) => {
          expect(equalities(text)).toEqual(found.map((one) => `x:y=${one}`));
        },
      ),
    );
  });
});

describe('normal forms', () => {
  test('addresses are canonical, host bits cleared, full lengths dropped', () => {
    expect(addressOf('2001:DB8:0::1/128')).toMatchObject({
      kind: 'IPV6_ADDR',
      value: '2001:db8::1',
      cidr: '2001:db8::1/128',
    });
    expect(addressOf('2001:db8::ffff/32')).toMatchObject({ value: '2001:db8::/32', cidr: '2001:db8::/32' });
    expect(addressOf('10.9.8.7/0')).toMatchObject({ kind: 'IPV4_ADDR', value: '0.0.0.0/0', cidr: '0.0.0.0/0' });
    for (const text of [
      '10.0.0.256',
      '010.0.0.1',
      '10.0.0.1/33',
      '10.0.0.1/',
      '10.0.0.1/x',
      '::1%eth0',
      '10.0.0.0/255.0.0.0',
      '',
    ])
      expect(addressOf(text)).toBeNull();
  });

  test('only scheme and host of a URL lose their case', () => {
    const url = (text: string) => urlOf(text)?.value;
    expect(url('HTTP://User:Pass@EX.org:80/A?B=C#D')).toBe('http://User:Pass@ex.org:80/A?B=C#D');
    expect(url('https://EX.org?Q')).toBe('https://ex.org?Q');
    expect(url('MAILTO:A@B')).toBe('mailto:A@B');
    expect(url('EX.org/A')).toBe('EX.org/A');
    expect(url('//EX.org/A')).toBe('//ex.org/A');
    expect(urlOf('')).toBeNull();
  });

  test('a text is looked for in every form it can have', () => {
    expect(soughtAs('Example.COM.', null).map(({ kind, value }) => [kind, value])).toEqual([
      ['DOMAIN_NAME', 'example.com'],
      ['URL', 'Example.COM.'],
      ['FILE_HASH', 'example.com.'],
    ]);
    expect(soughtAs('10.0.0.1', null).map(({ kind }) => kind)).toEqual([
      'IPV4_ADDR',
      'DOMAIN_NAME',
      'URL',
      'FILE_HASH',
    ]);
    expect(soughtAs('10.0.0.1', 'IPV6_ADDR')).toEqual([]);
    expect(soughtAs('::1', 'IPV6_ADDR')).toMatchObject([{ value: '::1' }]);
  });
});
