const largest = 2n ** 48n - 1n;
const groups = /^[0-9A-Fa-f]{1,2}([:-])(?:[0-9A-Fa-f]{1,2}\1){4}[0-9A-Fa-f]{1,2}$/;
const quads = /^[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}$/;
const bare = /^[0-9A-Fa-f]{12}$/;

/**
 * Reads a MAC address: a whole number, a text of digits only, which is a decimal number whatever its length, or hex with
 * `:`, `-` or `.` between its groups, or with nothing. Null where it is none.
 * @returns upper-case hex with colons.
 */
export function readMac(given: string | number): string | null {
  const number = toNumber(given);
  if (number === null || number < 0n || number > largest) return null;
  const digits = number.toString(16).toUpperCase().padStart(12, '0');
  return (digits.match(/../g) ?? []).join(':');
}

function toNumber(given: string | number): bigint | null {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : null;
  if (/^[0-9]{1,15}$/.test(given)) return BigInt(given);
  if (quads.test(given) || bare.test(given)) return BigInt(`0x${given.replaceAll('.', '')}`);
  if (!groups.test(given)) return null;
  return BigInt(
    `0x${given
      .split(/[:-]/)
      .map((group) => group.padStart(2, '0'))
      .join('')}`,
  );
}
