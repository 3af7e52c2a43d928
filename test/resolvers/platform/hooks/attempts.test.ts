import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakerAfter, breakerWhileTrying, closedBreaker } from '#resolvers/platform/hooks/breaker.ts';
import { holdAfter, readRetryAfter, waitAfter } from '#resolvers/platform/hooks/schedule.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const waits = [0, 5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];
const now = Date.UTC(2026, 0, 1);

describe('the wait for the next attempt', () => {
  test('is that of the schedule, within a tenth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, chance) => {
        const wait = waitAfter(count, { waits, jitter: 0.1 }, null, chance) ?? -1;
        const nominal = waits[count] ?? 0;
        expect(wait).toBeGreaterThanOrEqual(Math.floor(nominal * 0.9));
        expect(wait).toBeLessThanOrEqual(Math.ceil(nominal * 1.1));
      }),
    );
  });

  test('sums up to 75 h 35 m 5 s, and there is none after the tenth', () => {
    const exact = { waits, jitter: 0 };
    const sum = waits.reduce((total, _, count) => total + (waitAfter(count, exact, null, 0.5) ?? 0), 0);
    expect(sum).toBe(75 * hour + 35 * minute + 5 * second);
    expect(waitAfter(10, exact, 1000, 0.5)).toBeNull();
  });

  test('is never shorter than what the target asked for', () => {
    expect(waitAfter(1, { waits, jitter: 0 }, 7 * second, 0.5)).toBe(7 * second);
    expect(waitAfter(1, { waits, jitter: 0 }, 3 * second, 0.5)).toBe(5 * second);
  });
});

describe('Retry-After', () => {
  test.each([
    ['120', 2 * minute],
    [' 0 ', 0],
    ['999999999', 24 * hour],
    ['Thu, 01 Jan 2026 00:10:00 GMT', 10 * minute],
    ['Thursday, 01-Jan-26 00:10:00 GMT', 10 * minute],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 24 * hour],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('"%s" is %s ms', (header, wait) => {
    expect(readRetryAfter(header, now)).toBe(wait);
  });

  test('of an overloaded target holds the whole hook for a minute at least', () => {
    expect([429, 502, 504].map((status) => holdAfter(status, null))).toEqual([minute, minute, minute]);
    expect(holdAfter(429, 2 * minute)).toBe(2 * minute);
    expect(holdAfter(429, second)).toBe(minute);
    expect([500, 503, 404, 410].map((status) => holdAfter(status, 2 * minute))).toEqual([null, null, null, null]);
  });
});

describe('a breaker', () => {
  const fail = (breaker = closedBreaker, times = 1, at = now) =>
    Array.from({ length: times }).reduce<typeof breaker>((b) => breakerAfter(b, false, at), breaker);

  test('opens for 30 s at the fifth failure in a row', () => {
    expect(fail(closedBreaker, 4)).toEqual({ state: 'CLOSED', until: null, failures: 4 });
    expect(fail(closedBreaker, 5)).toEqual({ state: 'OPEN', until: '2026-01-01T00:00:30.000Z', failures: 5 });
    const healed = breakerAfter(fail(closedBreaker, 4), true, now);
    expect(fail(healed, 4).state).toBe('CLOSED');
  });

  test('lets one attempt try, closes when it succeeds and opens twice as long when not, up to 15 min', () => {
    let breaker = fail(closedBreaker, 5);
    const pauses: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      breaker = breakerWhileTrying(breaker);
      expect(breaker).toMatchObject({ state: 'HALF_OPEN', until: null });
      breaker = breakerAfter(breaker, false, now);
      pauses.push(Date.parse(breaker.until ?? '') - now);
    }
    expect(pauses.map((pause) => pause / second)).toEqual([60, 120, 240, 480, 900, 900, 900, 900]);
    expect(breakerAfter(breakerWhileTrying(breaker), true, now)).toEqual(closedBreaker);
  });

  test('learns nothing from what fails while it is open', () => {
    const open = fail(closedBreaker, 5);
    expect(breakerAfter(open, false, now + 5 * second)).toEqual(open);
    expect(breakerAfter(open, true, now + 5 * second)).toEqual(closedBreaker);
  });

  test('is open exactly when the last five or more failed', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (outcomes) => {
        let breaker = closedBreaker;
        for (const succeeded of outcomes) breaker = breakerAfter(breakerWhileTrying(breaker), succeeded, now);
        const row = outcomes.length - 1 - outcomes.lastIndexOf(true);
        expect(breaker.state).toBe(row >= 5 ? 'OPEN' : 'CLOSED');
        expect(breaker.failures).toBe(row);
      }),
    );
  });
});
