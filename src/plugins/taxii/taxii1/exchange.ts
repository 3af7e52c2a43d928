import type { Context } from '#kernel/context.ts';
import { newMessageId } from '#plugins/taxii/taxii1/status.ts';
import type { TaxiiVersion } from '#plugins/taxii/taxii1/version.ts';
import { type MessageElement, needed } from '#plugins/taxii/taxii1/xml/element.ts';
import { type ElementWriter, elementWriter, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';

/** A message that was understood, and everything that its answer is made from. */
export interface Exchange<Service extends TaxiiService = TaxiiService> {
  readonly ctx: Context;
  readonly service: Service;
  readonly version: TaxiiVersion;
  readonly message: MessageElement;
  /** How clients reach this gateway. */
  readonly publicUrl: string;
  /** The bytes that the message came in; null where they are not kept. */
  readonly raw: Uint8Array | null;
  readonly write: ElementWriter;
}

export const writerOf = ({ prefix }: TaxiiVersion): ElementWriter => elementWriter(prefix);

/** A message that answers. */
export const answer = (
  { version, message, write }: Exchange,
  name: string,
  attributes: Parameters<ElementWriter>[1],
  ...children: readonly (Xml | null)[]
): Xml =>
  write(
    name,
    {
      [`xmlns:${version.prefix}`]: version.table.namespace,
      message_id: newMessageId(),
      in_response_to: needed(message, 'message_id'),
      ...attributes,
    },
    ...children,
  );

/** A message and the version that it is of. */
export type Received = Pick<Exchange, 'version' | 'message'>;

/** The data collection that a message names. */
export const collectionOf = ({ version, message }: Received): string => needed(message, version.collectionName);
