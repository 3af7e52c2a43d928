/** A gateway with services of TAXII 1, and clients that speak to them over HTTP. */

import { taxii } from '#plugins/taxii/plugin.ts';
import { type TaxiiVersion, taxii10, taxii11 } from '#plugins/taxii/taxii1/version.ts';
import { attribute, child, childrenOf, childText, type MessageElement } from '#plugins/taxii/taxii1/xml/element.ts';
import { readMessage } from '#plugins/taxii/taxii1/xml/reader.ts';
import { threat } from '#plugins/threat.ts';
import { updateRole } from '#resolvers/platform/roles/change.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { createDataCollection, type DataCollectionCreate } from '#resolvers/threat/data-collections/create.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { createService, type ServiceCreate } from '#resolvers/threat/services/create.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';
import { storagePlugin, type TestStorage } from '../../support/network.ts';
import { askerOf, type RoomAnswer } from '../../support/rooms.ts';
import { chunksOf } from './reading.ts';

export const stix = 'urn:stix.mitre.org:xml:1.1.1';
export const custom = 'custom:content:binding';
export const both = ['urn:taxii.mitre.org:protocol:http:1.0', 'urn:taxii.mitre.org:protocol:https:1.0'] as const;

/** What a client sends beside its message. */
export interface Sending {
  readonly version?: '1.0' | '1.1';
  /** An API key. */
  readonly key?: string;
  readonly method?: string;
  /** Headers in the place of the usual ones; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly secure?: boolean;
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Valid by the table of the version that the answer says it is of; null where it is no message. */
  readonly message: MessageElement | null;
}

export interface Taxii1 {
  readonly identity: Identity;
  /** An account with these permissions. @returns its API key. */
  key(...permissions: string[]): Promise<string>;
  /** Asks the graph, with or without a key. */
  ask(document: string, variables?: Record<string, unknown>, key?: string): Promise<RoomAnswer>;
  /** Posts to a service. */
  send(path: string, body: string | Uint8Array, sending?: Sending): Promise<Received>;
  /** Permissions of whoever has no credential. */
  open(...permissions: string[]): Promise<void>;
  service(input: ServiceCreate): Promise<void>;
  collection(input: DataCollectionCreate): Promise<DataCollection>;
  volume(name: string): Promise<number>;
  /** How many SQL statements the work sent to the embedded database about services, data collections and blocks. */
  statements(work: () => Promise<unknown>): Promise<number>;
}

const ofTaxii1 =
  /\b(FROM|JOIN|INTO|UPDATE)\s+("public"\.)?"?(taxii_service|data_collection|content_block|inbox_message)/;

/** Believes what a proxy at the peer address of the test says. */
const proxied = { http: { trustedProxies: ['192.0.2.1'] } };

export async function openTaxii1(
  config: Readonly<Record<string, unknown>> = {},
  storage: TestStorage = 'embedded',
): Promise<Taxii1> {
  let statements = 0;
  const counted = storagePlugin(storage, (sql) => {
    if (ofTaxii1.test(sql)) statements += 1;
  });
  const plugins = [counted, threat, taxii];
  const identity = await openIdentity({ ...proxied, ...config }, plugins, ({ name }) => name !== 'test-areas');
  const { gateway, system } = identity;
  const ask: Taxii1['ask'] = (document, variables, key) => askerOf(gateway, key ?? null).ask(document, variables);
  return {
    identity,
    key: async (...permissions) => (await identity.person(permissions)).key,
    ask,
    async send(path, body, { version = '1.1', key, method = 'POST', headers = {}, secure = false } = {}) {
      const { messageBinding, services } = version === '1.0' ? taxii10 : taxii11;
      const usual: Record<string, string | null> = {
        accept: 'application/xml',
        'content-type': 'application/xml',
        'x-taxii-content-type': messageBinding,
        'x-taxii-accept': messageBinding,
        'x-taxii-services': services,
        'x-taxii-protocol': both[0],
        authorization: key === undefined ? null : `Bearer ${key}`,
        'x-forwarded-proto': secure ? 'https' : 'http',
        host: 'gw.test',
        ...headers,
      };
      const sent = Object.entries(usual).filter((one): one is [string, string] => one[1] !== null);
      const takesBody = method !== 'GET' && method !== 'HEAD';
      const request = new Request(`http://gw.test${path}`, {
        method,
        headers: sent,
        ...(takesBody && { body: body as BodyInit }),
      });
      // Requests that are made here say of themselves what they cannot mean to have left out.
      for (const [name, value] of Object.entries(usual)) if (value === null) request.headers.delete(name);
      const response = await gateway.fetch(request, { peerAddress: '192.0.2.1' });
      const text = await response.text();
      const binding = response.headers.get('x-taxii-content-type');
      const answered = [taxii10, taxii11].find(({ messageBinding }) => messageBinding === binding);
      const message = answered ? await readAnswer(text, answered) : null;
      return { status: response.status, headers: response.headers, text, message };
    },
    open: async (...permissions) => {
      const [role] = await system.use(roleStore).findMany(['anonymous']);
      await updateRole(system, { by: { name: 'anonymous' }, etag: role?.etag ?? '', permissions });
    },
    service: async (input) => {
      await createService(system, input);
    },
    collection: (input) => createDataCollection(system, input),
    async statements(work) {
      const before = statements;
      await work();
      return statements - before;
    },
    async volume(name) {
      const { key } = await identity.person(['threat:read']);
      const document = 'query ($name: String!) { dataCollection(by: { name: $name }) { volume } }';
      return (await ask(document, { name }, key)).data.dataCollection.volume;
    },
  };
}

export const readAnswer = (text: string, version: TaxiiVersion): Promise<MessageElement> =>
  readMessage(chunksOf(text), version.table, {
    maxDepth: 1000,
    maxBlockBytes: 1e9,
    maxContentBytes: 1e9,
    maxElements: 1e6,
  });

/** A message of a version, without its prefix. */
export const message = (name: string, attributes: string, inner = '', version: '1.0' | '1.1' = '1.1'): string => {
  const { namespace } = (version === '1.0' ? taxii10 : taxii11).table;
  return `<${name} xmlns="${namespace}" message_id="123" ${attributes}>${inner}</${name}>`;
};

export const block = (binding: string, content: string, version: '1.0' | '1.1' = '1.1', more = ''): string => {
  const [id, subtype] = binding.split('>');
  const inner = subtype === undefined ? '' : `<Subtype subtype_id="${subtype}"/>`;
  const named =
    version === '1.0'
      ? `<Content_Binding>${binding}</Content_Binding>`
      : `<Content_Binding binding_id="${id}">${inner}</Content_Binding>`;
  return `<Content_Block>${named}<Content>${content}</Content>${more}</Content_Block>`;
};

/** A status message in short: its type, its text, and its details. */
export function statusOf({ message: status }: Received): unknown[] {
  if (status?.name !== 'Status_Message') return [status?.name ?? null];
  const detail = child(status, 'Status_Detail');
  const details = detail?.text
    ? [detail.text]
    : (detail ? childrenOf(detail, 'Detail') : []).map((one) => `${attribute(one, 'name')}=${one.content?.text}`);
  return [attribute(status, 'status_type'), childText(status, 'Message'), ...details];
}

/** The contents of the blocks of an answer. */
export const contentsOf = ({ message: answer }: Received): (string | null)[] =>
  answer ? childrenOf(answer, 'Content_Block').map((one) => child(one, 'Content')?.content?.text ?? null) : [];

/** The services and data collections that most cases are about. */
export async function furnish(taxii1: Taxii1): Promise<void> {
  const all = ['inbox-A', 'inbox-B', 'discovery-A', 'discovery-B', 'collection-management-A', 'poll-A'];
  const service = (serviceId: string, kind: ServiceCreate['kind'], over: Partial<ServiceCreate> = {}) =>
    taxii1.service({
      serviceId,
      address: `/services/${serviceId}`,
      description: `${serviceId} of the tests`,
      protocolBindings: [...both],
      kind,
      ...over,
    });
  await service('inbox-A', { inbox: { acceptAllContent: true } });
  await service('inbox-B', { inbox: { destinationCollectionRequired: true, supportedContent: [stix, custom] } });
  await service('discovery-A', { discovery: { advertisedServices: all } });
  await service(
    'discovery-B',
    { discovery: {} },
    { address: 'http://other.test/discovery', protocolBindings: [both[0]] },
  );
  await service('collection-management-A', { collectionManagement: { subscriptionMessage: 'Welcome.' } });
  await service('poll-A', { poll: { maxResultSize: 20, maxResultCount: 15 } });
  const serving = (names: string[]) => names.map((serviceId) => ({ serviceId }));
  const rest = ['inbox-B', 'poll-A', 'collection-management-A'];
  await taxii1.collection({
    name: 'collection_open',
    type: 'DATA_SET',
    acceptAllContent: true,
    services: serving(['inbox-A', ...rest]),
  });
  await taxii1.collection({ name: 'collection_only_stix', supportedContent: [stix], services: serving(rest) });
  await taxii1.collection({
    name: 'collection_stix_and_custom',
    description: 'Both.',
    supportedContent: [stix, custom],
    services: serving(rest),
  });
  await taxii1.collection({ name: 'collection_disabled', available: false, services: serving(rest) });
  await taxii1.open(
    ...['collection_open', 'collection_only_stix', 'collection_stix_and_custom', 'collection_disabled'].flatMap(
      (name) => [`threat:read@dataCollection/${name}`, `threat:write@dataCollection/${name}`],
    ),
  );
}
