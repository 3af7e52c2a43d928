/*
 * Instants as TAXII and STIX write them: texts in UTC with exactly six digits after the second. They are never held in a
 * Date, which knows milliseconds only. Their order as texts is their order in time.
 */

/** What an object without times of its own has as its version. */
export const noInstant = '1970-01-01T00:00:00.000000Z';

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z$/;

/**
 * An instant of RFC 3339 in UTC with up to six digits after the second, such as `2016-04-06T20:03:48Z`.
 * @returns null for any other text, and for what is in no calendar: the 30th of February, the year 0, a leap second.
 */
export function readInstant(text: string): string | null {
  const [, year, month, day, hour, minute, second, fraction = ''] = form.exec(text) ?? [];
  if (year === undefined || year === '0000') return null;
  const whole = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = Date.parse(`${whole}.000Z`);
  if (Number.isNaN(time) || new Date(time).toISOString() !== `${whole}.000Z`) return null;
  return `${whole}.${fraction.padEnd(6, '0')}Z`;
}

/** Whether a text is an instant in the one form in which they are kept. */
export const isInstant = (text: string): boolean => text.length === 27 && readInstant(text) === text;

/** The instant so many microseconds later. */
export function laterBy(instant: string, microseconds: number): string {
  const sum =
    BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * 1000n + BigInt(instant.slice(23, 26)) + BigInt(microseconds);
  const below = ((sum % 1000n) + 1000n) % 1000n;
  const whole = new Date(Number((sum - below) / 1000n)).toISOString().slice(0, 23);
  return `${whole}${String(below).padStart(3, '0')}Z`;
}
