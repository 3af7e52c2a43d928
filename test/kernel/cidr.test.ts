import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Cidr,
  cidrSize,
  compareCidr,
  covers,
  formatAddress,
  formatCidr,
  lastAddress,
  readAddress,
  readCidr,
  showAddress,
  toCidr,
  truncate,
} from '#kernel/cidr.ts';

const read = (text: string) => {
  const reading = readCidr(text);
  return 'value' in reading ? formatCidr(reading.value) : reading.fault;
};
const invalid = (text: string) => `Invalid CIDR: ${text}. Must be IPv4/IPv6 notation.`;

const address = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((number) => ({ version: 4 as const, number })),
  fc.bigInt(0n, 2n ** 128n - 1n).map((number) => ({ version: 6 as const, number })),
  fc.bigInt(0n, 2n ** 32n - 1n).map((low) => ({ version: 6 as const, number: (0xffffn << 32n) | low })),
  // Runs of zero groups, which are what RFC 5952 is about.
  fc.array(fc.constantFrom(0n, 0n, 1n, 0xabcdn), { minLength: 8, maxLength: 8 }).map((groups) => ({
    version: 6 as const,
    number: groups.reduce<bigint>((all, group) => (all << 16n) | group, 0n),
  })),
);
const cidr = address.chain(({ version, number }) =>
  fc.integer({ min: 0, max: version === 4 ? 32 : 128 }).map((length): Cidr => truncate(version, number, length)),
);

describe('reading', () => {
  test('takes lengths, netmasks, host masks, bare addresses and surrounding blanks', () => {
    expect(read('10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(read(' 10.0.0.0/255.0.0.0\n')).toBe('10.0.0.0/8');
    expect(read('11.0.0.0/0.255.255.255')).toBe('11.0.0.0/8');
    expect(read('0.0.0.0/0.0.0.0')).toBe('0.0.0.0/0');
    expect(read('1.2.3.4/255.255.255.255')).toBe('1.2.3.4/32');
    expect(read('10.0.0.1')).toBe('10.0.0.1/32');
    expect(read('2001:DB8::')).toBe('2001:db8::/128');
    expect(read('::ffff:1.2.3.0/120')).toBe('::ffff:1.2.3.0/120');
    expect(read('2001:0db8:0:0:0:0:0:0/32')).toBe('2001:db8::/32');
    expect(read('::/0')).toBe('::/0');
  });

  test('quotes the text as given when host bits are set', () => {
    expect(read('10.0.0.0/0')).toBe('10.0.0.0/0 has host bits set');
    expect(read('10.250.0.5/24')).toBe('10.250.0.5/24 has host bits set');
    expect(read('2001:DB8::1/64')).toBe('2001:DB8::1/64 has host bits set');
  });

  test('refuses what is no prefix', () => {
    for (const text of [
      '',
      '1',
      '10.0.0',
      '010.0.0.0/8',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/+8',
      '10.0.0.0/8/8',
      '10.0.0.0/255.0.255.0',
      '10.0.0.0/8.0',
      '10.0.0.256/32',
      'fe80::1%eth0/64',
      'fe80::1%eth0',
      '2001:db8::/129',
      '2001:db8::/ffff::',
      '1:2:3:4:5:6:7:8:9/16',
      '10.0.0.0/８',
    ])
      expect(read(text), text).toBe(invalid(text));
  });

  test('finds every prefix again in its canonical text', () => {
    fc.assert(
      fc.property(cidr, (cidr) => {
        expect(readCidr(formatCidr(cidr))).toEqual({ value: cidr });
        expect(toCidr(formatCidr(cidr))).toEqual(cidr);
      }),
    );
  });
});

describe('writing', () => {
  test('writes IPv6 by RFC 5952, dotted only where IPv4 is carried', () => {
    const shown = (text: string) => {
      const { version, number } = readAddress(text) ?? { version: 6 as const, number: 0n };
      return formatAddress(version, number);
    };
    expect(shown('2001:0DB8:0000:0000:0001:0000:0000:0001')).toBe('2001:db8::1:0:0:1');
    expect(shown('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
    expect(shown('0:0:0:0:0:0:0:0')).toBe('::');
    expect(shown('::ffff:0:0')).toBe('::ffff:0.0.0.0');
    expect(shown('::1.2.3.4')).toBe('::102:304');
    expect(shown('64:ff9b::1.2.3.4')).toBe('64:ff9b::102:304');
    expect(showAddress(6, 1n, 'exploded')).toBe('0000:0000:0000:0000:0000:0000:0000:0001');
    expect(showAddress(4, 1n, 'exploded')).toBe('0.0.0.1');
  });

  test('compresses the longest run of two or more zero groups, the first of equal ones', () => {
    fc.assert(
      fc.property(address, ({ version, number }) => {
        fc.pre(version === 6 && number >> 32n !== 0xffffn);
        const text = formatAddress(6, number);
        expect(isIPv6(text)).toBe(true);
        expect(readAddress(text)?.number).toBe(number);
        const groups = showAddress(6, number, 'exploded')
          .split(':')
          .map((group) => Number.parseInt(group, 16).toString(16));
        const runs = [...groups.join(':').matchAll(/(?<=^|:)0(:0)+(?=:|$)/g)];
        const longest = runs.reduce((best, run) => (run[0].length > best.length ? run[0] : best), '');
        const at = runs.find((run) => run[0] === longest)?.index;
        const plain = groups.join(':');
        const expected =
          at === undefined
            ? plain
            : `${plain.slice(0, at)}::${plain.slice(at + longest.length)}`.replace(/:{3,}/, '::');
        expect(text).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('numbers', () => {
  test('counts addresses without losing one', () => {
    expect(cidrSize(toCidr('::/0'))).toBe(340282366920938463463374607431768211456n);
    expect(lastAddress(toCidr('10.0.0.0/8'))).toBe(0x0affffffn);
  });

  test('covers means that first and last address lie inside', () => {
    fc.assert(
      fc.property(cidr, cidr, (outer, inner) => {
        const inside =
          outer.version === inner.version && outer.first <= inner.first && lastAddress(inner) <= lastAddress(outer);
        expect(covers(outer, inner)).toBe(inside);
      }),
    );
  });

  test('the order puts what holds before what is held, and IPv4 before IPv6', () => {
    fc.assert(
      fc.property(cidr, cidr, (one, other) => {
        if (covers(one, other) && one.length < other.length) expect(compareCidr(one, other)).toBeLessThan(0);
        if (one.version < other.version) expect(compareCidr(one, other)).toBeLessThan(0);
        expect(Math.sign(compareCidr(one, other))).toBe(-Math.sign(compareCidr(other, one)) || 0);
      }),
    );
  });
});
