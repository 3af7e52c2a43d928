import { randomBytes } from 'node:crypto';
import {
  AuthenticationError,
  DeniedError,
  DestinationCollectionError,
  ForbiddenError,
  type GatehouseError,
  GenericError,
  InputError,
  NotFoundError,
  UnsupportedContentError,
} from '#kernel/errors.ts';
import type { StatusType, TaxiiVersion } from '#plugins/taxii/taxii1/version.ts';
import { elementWriter, textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';

/** What a status message says. */
export interface Status {
  readonly type: StatusType;
  readonly message: string | null;
  /** For machines, by name; a list is told one by one. */
  readonly details?: readonly (readonly [name: string, value: string])[];
  /** Told in the headers of the message as well. */
  readonly item?: string;
}

/** A message that is answered with a status: thrown by what has no other way to say so. */
export class StatusRefusal extends Error {
  readonly status: Status;

  constructor(type: StatusType, message: string) {
    super(message);
    this.status = { type, message };
  }
}

/** Digits alone, which both versions take. */
export const newMessageId = (): string => String(randomBytes(8).readBigUInt64BE() >> 1n);

/** @param inResponseTo the id of the message that is answered; `0` for one that was not understood. */
export function writeStatus(version: TaxiiVersion, status: Status, inResponseTo: string): Xml {
  const { type, message, details = [], item } = status;
  const write = elementWriter(version.prefix);
  const texts = details.map(([, value]) => value);
  const told =
    version.number === '1.0'
      ? [textNode(texts.join(', '))]
      : details.map(([name, value]) => write('Detail', { name }, textNode(value)));
  return write(
    'Status_Message',
    {
      [`xmlns:${version.prefix}`]: version.table.namespace,
      message_id: newMessageId(),
      in_response_to: inResponseTo,
      status_type: version.lacks.has(type) ? 'FAILURE' : type,
    },
    item === undefined
      ? null
      : write('Extended_Headers', {}, write('Extended_Header', { name: 'ITEM' }, textNode(item))),
    details.length === 0 ? null : write('Status_Detail', {}, ...told),
    message === null ? null : write('Message', {}, textNode(message)),
  );
}

export interface StatusRules {
  /** The type for a credential that is missing or refused. */
  readonly unauthorizedStatus: StatusType;
  /** What of a fault of the server may be told; null: nothing. */
  readonly faultDetails: string | null;
}

/** What a message asked for by name: told where there is no such thing. */
export interface Asked {
  readonly collection?: string;
  readonly subscriptionId?: string | null;
  readonly resultId?: string | null;
  readonly destinations?: readonly string[];
}

/** The status that a failure is told as. */
export function statusOf(error: GatehouseError, rules: StatusRules, asked: Asked = {}): Status {
  const { message } = error;
  if (error instanceof AuthenticationError) return { type: rules.unauthorizedStatus, message };
  if (error instanceof ForbiddenError) return { type: 'UNAUTHORIZED', message };
  if (error instanceof NotFoundError) return notFound(error, asked);
  if (error instanceof InputError) return { type: inputStatuses[error.path[0] ?? ''] ?? 'BAD_MESSAGE', message };
  if (error instanceof DestinationCollectionError) {
    const details = error.acceptableDestinations.map((name) => ['ACCEPTABLE_DESTINATION', name] as const);
    return { type: 'DESTINATION_COLLECTION_ERROR', message, details };
  }
  if (error instanceof UnsupportedContentError) {
    const details = error.supportedContent.map((binding) => ['SUPPORTED_CONTENT', binding] as const);
    return { type: 'UNSUPPORTED_CONTENT', message, details };
  }
  if (error instanceof DeniedError) return { type: 'DENIED', message };
  if (error instanceof GenericError) {
    const details = rules.faultDetails === null ? '' : `: ${rules.faultDetails}`;
    return { type: 'FAILURE', message: `Server error occurred${details}` };
  }
  return { type: 'FAILURE', message };
}

/** By the place of the fault; any other is the message's own. */
const inputStatuses: Readonly<Record<string, StatusType>> = {
  query: 'UNSUPPORTED_QUERY',
  beginExclusive: 'FAILURE',
};

function notFound({ message, path }: NotFoundError, asked: Asked): Status {
  const [place = '', index = '0'] = path;
  const destination = place === 'destinationCollections' ? asked.destinations?.[Number(index)] : undefined;
  const item =
    destination ??
    (place === 'subscriptionId' ? asked.subscriptionId : place === 'resultId' ? asked.resultId : null) ??
    asked.collection;
  return {
    type: 'NOT_FOUND',
    message,
    ...(item !== undefined && { details: [['ITEM', item] as const] }),
    ...(destination !== undefined && { item: destination }),
  };
}
