import { setImmediate as nextTurn } from 'node:timers/promises';
import { InvalidXml } from '#plugins/taxii/taxii1/xml/invalid.ts';

/** The encoding that the first bytes tell. */
export type XmlEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export interface DecodedChunk {
  readonly encoding: XmlEncoding;
  readonly text: string;
}

/** The most bytes that are worked on in one turn: others get theirs in between. */
const turn = 64 * 1024;

/**
 * The text of a document in pieces, without its byte order mark: UTF-16 where it begins with one of those, else UTF-8.
 * Lets others have a turn after each piece.
 * @throws InvalidXml for bytes that are no text in the encoding.
 */
export async function* decodeXml(body: AsyncIterable<Uint8Array>): AsyncGenerator<DecodedChunk, void, void> {
  let head = Buffer.alloc(0);
  let decoder: { readonly encoding: XmlEncoding; decode(bytes: Uint8Array, last?: boolean): string } | null = null;
  for await (const chunk of body) {
    head = head.length === 0 ? Buffer.from(chunk) : Buffer.concat([head, chunk]);
    if (!decoder && head.length < 2) continue;
    decoder ??= createDecoder(encodingOf(head));
    for (let at = 0; at < head.length; at += turn) {
      yield { encoding: decoder.encoding, text: decoder.decode(head.subarray(at, at + turn)) };
      await nextTurn();
    }
    head = Buffer.alloc(0);
  }
  decoder ??= createDecoder('utf-8');
  yield { encoding: decoder.encoding, text: decoder.decode(head, true) };
}

function encodingOf([first, second]: Uint8Array): XmlEncoding {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function createDecoder(encoding: XmlEncoding) {
  const decoder = new TextDecoder(encoding, { fatal: true });
  return {
    encoding,
    decode(bytes: Uint8Array, last = false): string {
      try {
        return decoder.decode(bytes, { stream: !last });
      } catch {
        throw new InvalidXml(`It holds bytes that are no ${encoding}.`);
      }
    },
  };
}
