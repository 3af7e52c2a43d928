import { table10 } from '#plugins/taxii/taxii1/messages/table-10.ts';
import { table11 } from '#plugins/taxii/taxii1/messages/table-11.ts';
import type { MessageTable } from '#plugins/taxii/taxii1/xml/rule.ts';

/** The types of TAXII 1 status messages. */
export const statusTypes = [
  'ASYNCHRONOUS_POLL_ERROR',
  'BAD_MESSAGE',
  'DENIED',
  'DESTINATION_COLLECTION_ERROR',
  'FAILURE',
  'INVALID_RESPONSE_PART',
  'NETWORK_ERROR',
  'NOT_FOUND',
  'PENDING',
  'POLLING_UNSUPPORTED',
  'RETRY',
  'SUCCESS',
  'UNAUTHORIZED',
  'UNSUPPORTED_MESSAGE',
  'UNSUPPORTED_CONTENT',
  'UNSUPPORTED_PROTOCOL',
  'UNSUPPORTED_QUERY',
] as const;
export type StatusType = (typeof statusTypes)[number];

/** A version of the protocol, and how its messages are told apart and written. */
export interface TaxiiVersion {
  readonly number: '1.0' | '1.1';
  /** The value of X-TAXII-Content-Type. */
  readonly messageBinding: string;
  /** The value of X-TAXII-Services. */
  readonly services: string;
  /** The prefix of its elements in answers: they leave the default namespace to the contents of blocks. */
  readonly prefix: string;
  readonly table: MessageTable;
  /** How it calls a data collection in attributes. */
  readonly collectionName: 'feed_name' | 'collection_name';
  /** Status types that it does not have: FAILURE stands for them. */
  readonly lacks: ReadonlySet<StatusType>;
}

export const taxii10: TaxiiVersion = {
  number: '1.0',
  messageBinding: 'urn:taxii.mitre.org:message:xml:1.0',
  services: 'urn:taxii.mitre.org:services:1.0',
  prefix: 'taxii',
  table: table10,
  collectionName: 'feed_name',
  lacks: new Set([
    'ASYNCHRONOUS_POLL_ERROR',
    'DESTINATION_COLLECTION_ERROR',
    'INVALID_RESPONSE_PART',
    'NETWORK_ERROR',
    'PENDING',
    'UNSUPPORTED_QUERY',
  ]),
};

export const taxii11: TaxiiVersion = {
  number: '1.1',
  messageBinding: 'urn:taxii.mitre.org:message:xml:1.1',
  services: 'urn:taxii.mitre.org:services:1.1',
  prefix: 'taxii_11',
  table: table11,
  collectionName: 'collection_name',
  lacks: new Set(),
};

const versions: readonly TaxiiVersion[] = [taxii10, taxii11];

export const messageBindings = versions.map(({ messageBinding }) => messageBinding);

/** The version that a value of X-TAXII-Content-Type or X-TAXII-Accept names. */
export const versionOfBinding = (binding: string | null): TaxiiVersion | null =>
  versions.find(({ messageBinding }) => messageBinding === binding) ?? null;

export const isKnownServices = (value: string): boolean => versions.some(({ services }) => services === value);
