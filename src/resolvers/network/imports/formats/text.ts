import { InputError, PayloadTooLargeError } from '#kernel/errors.ts';

/** The whole text is at fault: nothing of it is imported. */
export const badText = (...messages: readonly string[]): InputError =>
  new InputError(messages.map((message) => ({ path: ['text'], message })));

/** How many faults of one text are told. */
export const toldFaults = 100;

/**
 * The text that bytes encode.
 * @throws InputError naming the first byte that is not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = given.toString('utf8');
  // What cannot be decoded became another character, which is encoded in another way.
  const encoded = Buffer.from(text);
  if (encoded.equals(given)) return text;
  let at = 0;
  while (encoded[at] === given[at]) at += 1;
  const line = given.subarray(0, at).reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1);
  throw badText(`The text is not UTF-8: byte ${at} (line ${line}) is not part of a character.`);
}

/** @throws PayloadTooLargeError naming the limit. */
export function checkSize(text: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw new PayloadTooLargeError(
      `The text has ${bytes} bytes; network.import.maxBytes allows ${maxBytes}. Import it in parts.`,
      ['text'],
    );
}

/** @throws PayloadTooLargeError naming the limit. */
export function checkRowCount(count: number, maxRows: number): void {
  if (count > maxRows)
    throw new PayloadTooLargeError(
      `The text has ${count} rows; network.import.maxRows allows ${maxRows}. Import it in parts.`,
      ['text'],
    );
}

export const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);

/** Where an offset lies in a text, both counted from 1. */
export function positionIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}
