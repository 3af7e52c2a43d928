import { SaxesParser } from 'saxes';
import { decodeXml, type XmlEncoding } from '#plugins/taxii/taxii1/xml/decode.ts';
import type { MessageElement } from '#plugins/taxii/taxii1/xml/element.ts';
import { InvalidXml } from '#plugins/taxii/taxii1/xml/invalid.ts';
import { MessageBuilder, type MessageLimits } from '#plugins/taxii/taxii1/xml/message.ts';
import type { MessageTable } from '#plugins/taxii/taxii1/xml/rule.ts';

export interface ReadLimits extends MessageLimits {
  /** The most elements in one another. Namespaces cost their square. */
  readonly maxDepth: number;
}

/** The most characters before the root: nobody sends more than comments there, but attackers do. */
const maxProlog = 64 * 1024;

/**
 * Reads a message as it comes, and stops at the first fault. Nothing is loaded from elsewhere, and no entity is known but
 * the five that every document has.
 * @throws InvalidXml, InvalidMessage for what is none of the table, PayloadTooLargeError for one that unfolds too far.
 */
export async function readMessage(
  body: AsyncIterable<Uint8Array>,
  table: MessageTable,
  limits: ReadLimits,
): Promise<MessageElement> {
  const builder = new MessageBuilder(table, limits);
  let encoding: XmlEncoding = 'utf-8';
  const parser = createParser(builder, limits.maxDepth, () => encoding);
  let length = 0;
  for await (const chunk of decodeXml(body)) {
    encoding = chunk.encoding;
    parser.write(chunk.text);
    length += chunk.text.length;
    if (!builder.hasBegun && length > maxProlog) throw new InvalidXml('Its root does not begin.');
  }
  parser.close();
  return builder.end();
}

function createParser(builder: MessageBuilder, maxDepth: number, encoding: () => XmlEncoding) {
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const refuse = (why: string) => {
    throw new InvalidXml(why);
  };
  let depth = 0;
  parser.on('error', (error) => refuse(error.message));
  parser.on('doctype', () => refuse('It has a document type.'));
  parser.on('xmldecl', ({ encoding: declared }) => {
    if (declared !== undefined && !agrees(declared.toLowerCase(), encoding()))
      refuse('Its encoding is not what it declares.');
  });
  // Before the attributes of the tag are looked at, which costs as much as it is deep.
  parser.on('opentagstart', () => {
    depth += 1;
    if (depth > maxDepth) refuse(`It is nested deeper than ${maxDepth} elements.`);
  });
  parser.on('opentag', (tag) => builder.open(tag));
  parser.on('closetag', (tag) => {
    depth -= 1;
    builder.close(tag.name);
  });
  parser.on('text', (text) => builder.text(text));
  parser.on('cdata', (text) => builder.text(text));
  parser.on('comment', (text) => builder.comment(text));
  parser.on('processinginstruction', ({ target, body }) => builder.instruction(target, body));
  return parser;
}

const agrees = (declared: string, actual: XmlEncoding): boolean =>
  declared === actual || (declared === 'utf-16' && actual !== 'utf-8');
