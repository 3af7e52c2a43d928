/** A gateway that serves TAXII 2.1, and clients that speak it over HTTP. */
import { stixValidatorPlugin } from '#plugins/stix-validator/plugin.ts';
import { taxii } from '#plugins/taxii/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { updateRole } from '#resolvers/platform/roles/change.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';
import { storagePlugin, type TestStorage } from '../../support/network.ts';
import { askerOf, type RoomAnswer } from '../../support/rooms.ts';

export const mediaType = 'application/taxii+json;version=2.1';

export interface Sending {
  readonly method?: string;
  /** An API key; null for nobody. */
  readonly key?: string | null;
  /** Headers in the place of the usual ones; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly query?: Readonly<Record<string, string | number>> | string;
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The resource that was answered; null for an empty answer. */
  // biome-ignore lint/suspicious/noExplicitAny: any resource
  readonly body: any;
}

export interface Taxii2 {
  readonly identity: Identity;
  /** An account with these permissions. @returns its API key. */
  key(...permissions: string[]): Promise<string>;
  send(path: string, sending?: Sending): Promise<Received>;
  /** Posts objects. */
  post(path: string, objects: readonly unknown[], key?: string | null): Promise<Received>;
  /** Asks the graph. */
  ask(document: string, variables: Record<string, unknown>, key: string | null): Promise<RoomAnswer>;
  /** Permissions of whoever has no credential. */
  open(...permissions: string[]): Promise<void>;
}

export async function openTaxii2(
  config: Readonly<Record<string, unknown>> = {},
  storage: TestStorage = 'embedded',
): Promise<Taxii2> {
  const plugins = [storagePlugin(storage), threat, taxii, stixValidatorPlugin];
  const identity = await openIdentity(config, plugins, ({ name }) => name !== 'test-areas');
  const { gateway, system } = identity;
  const send: Taxii2['send'] = async (path, { method = 'GET', key = null, headers = {}, body, query } = {}) => {
    const usual: Record<string, string | null> = {
      accept: mediaType,
      ...(body !== undefined && { 'content-type': mediaType }),
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...headers,
    };
    const asked = typeof query === 'string' ? query : new URLSearchParams(asTexts(query ?? {})).toString();
    const request = new Request(`http://gw.test${path}${asked === '' ? '' : `?${asked}`}`, {
      method,
      headers: Object.entries(usual).filter((one): one is [string, string] => one[1] !== null),
      ...(body !== undefined && { body: body as BodyInit, duplex: 'half' }),
    });
    // Requests that are made here say of themselves what they cannot mean to have left out.
    for (const [name, value] of Object.entries(usual)) if (value === null) request.headers.delete(name);
    const response = await gateway.fetch(request, { peerAddress: '192.0.2.1' });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    identity,
    key: async (...permissions) => (await identity.person(permissions)).key,
    send,
    post: (path, objects, key = null) => send(path, { method: 'POST', body: JSON.stringify({ objects }), key }),
    ask: (document, variables, key) => askerOf(gateway, key).ask(document, variables),
    open: async (...permissions) => {
      const [role] = await system.use(roleStore).findMany(['anonymous']);
      await updateRole(system, { by: { name: 'anonymous' }, etag: role?.etag ?? '', permissions });
    },
  };
}

const asTexts = (query: Readonly<Record<string, string | number>>): [string, string][] =>
  Object.entries(query).map(([name, value]) => [name, String(value)]);

/** What of an answer is looked at most: its status, and what it says went wrong. */
export const refusal = ({ status, body }: Received): unknown[] => [
  status,
  body?.title,
  body?.description,
  ...(body?.details ? [body.details] : []),
];

/** The dates between which the objects of a page were added. */
export const datesOf = ({ headers }: Received): (string | null)[] => [
  headers.get('x-taxii-date-added-first'),
  headers.get('x-taxii-date-added-last'),
];
