import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMac } from '#resolvers/network/interfaces/mac.ts';

test.each([
  [122191241314, '00:1C:73:2A:60:62'],
  ['122191241314', '00:1C:73:2A:60:62'],
  ['00:1c:73:2a:60:62', '00:1C:73:2A:60:62'],
  ['00-1C-73-2A-60-62', '00:1C:73:2A:60:62'],
  ['001c.732a.6062', '00:1C:73:2A:60:62'],
  ['001C732A606F', '00:1C:73:2A:60:6F'],
  ['0:1:2:3:4:f', '00:01:02:03:04:0F'],
  ['001122334455', '00:00:42:E5:76:F7'],
  [0, '00:00:00:00:00:00'],
  [281474976710655, 'FF:FF:FF:FF:FF:FF'],
])('reads %s as %s', (given, mac) => {
  expect(readMac(given)).toBe(mac);
});

test.each([
  '',
  ' 1',
  'x',
  '-1',
  '1.5',
  '281474976710656',
  '00:1c:73:2a:60',
  '00:1c:73-2a:60:62',
  '00:1c:73:2a:60:62:00',
  '001c.732a',
  'abcdef',
])('refuses the text "%s"', (given) => {
  expect(readMac(given)).toBeNull();
});

test.each([-1, 1.5, 2 ** 48, Number.NaN])('refuses the number %s', (given) => {
  expect(readMac(given)).toBeNull();
});

test('reads every spelling of a number as the same address', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }), (number) => {
      const mac = readMac(Number(number));
      expect(mac).toMatch(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/);
      expect(readMac(String(number))).toBe(mac);
      expect(readMac(mac ?? '')).toBe(mac);
      expect(readMac((mac ?? '').toLowerCase().replaceAll(':', '-'))).toBe(mac);
    }),
  );
});
