import { describe, expect, test } from 'vitest';
import { compilePattern } from '#kernel/pattern.ts';
import { foldHostname, hostnameFault } from '#resolvers/network/devices/hostname.ts';

const usual = { allowFqdn: true, allowUnderscore: false, pattern: null };
const good = (hostname: string, rules: Parameters<typeof hostnameFault>[1] = usual) =>
  hostnameFault(hostname, rules) === null;

describe('a hostname', () => {
  test('follows the rules of DNS', () => {
    for (const hostname of ['a', 'a.example.com', 'foo-bar1', 'FOO', '123', 'x--y', '1.2.3.4a', 'a'.repeat(63)])
      expect(good(hostname), hostname).toBe(true);
    for (const hostname of [
      '',
      'a..b',
      '-a',
      'a-',
      'a.',
      '.a',
      '10.0.0.1',
      'PP:MDF',
      'a/b',
      'a b',
      ' a',
      'a_b',
      'é',
      '.',
    ])
      expect(good(hostname), hostname).toBe(false);
    expect(good('a'.repeat(64))).toBe(false);
    expect(good(Array.from({ length: 127 }, () => 'a').join('.'))).toBe(true);
    expect(good(Array.from({ length: 128 }, () => 'a').join('.'))).toBe(false);
  });

  test('follows the config', () => {
    expect(good('a.b', { ...usual, allowFqdn: false })).toBe(false);
    expect(good('a_b', { ...usual, allowUnderscore: true })).toBe(true);
    const pattern = compilePattern('[a-z]+\\.[0-9]+.*');
    expect(good('a.1', { ...usual, pattern })).toBe(true);
    expect(good('a.1:é', { ...usual, pattern })).toBe(false);
    expect(good('xa', { ...usual, pattern })).toBe(false);
    expect(good('A.1', { ...usual, pattern })).toBe(false);
  });

  test('is folded by A to Z alone', () => {
    expect(foldHostname('FOO-Bar.É')).toBe('foo-bar.É');
  });
});
