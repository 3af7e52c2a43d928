import { takesType } from '#plugins/taxii/accept.ts';
import { StatusRefusal } from '#plugins/taxii/taxii1/status.ts';
import {
  isKnownServices,
  messageBindings,
  type TaxiiVersion,
  taxii11,
  versionOfBinding,
} from '#plugins/taxii/taxii1/version.ts';
import { protocolBindings } from '#resolvers/threat/services/service.ts';

/** What every path of a service takes. */
export const allowHeaders = { allow: 'POST, OPTIONS' } as const;

/** What a client is told that asks beforehand. */
export const optionHeaders = { ...allowHeaders, 'x-taxii-content-types': messageBindings.join(',') } as const;

/** The headers of every answer that is a message. */
export const messageHeaders = (version: TaxiiVersion, secure: boolean): Readonly<Record<string, string>> => ({
  'content-type': 'application/xml',
  'x-taxii-content-type': version.messageBinding,
  'x-taxii-services': version.services,
  'x-taxii-protocol': `urn:taxii.mitre.org:protocol:${secure ? 'https' : 'http'}:1.0`,
});

/** Whether the client takes XML. Who says nothing of what it takes does, when it speaks TAXII. */
export function takesXml(headers: Headers): boolean {
  const accept = headers.get('accept');
  return accept === null ? headers.has('x-taxii-content-type') : takesType(accept, 'application/xml');
}

/** The version of an answer to a request whose message was not read. */
export const versionBefore = (headers: Headers): TaxiiVersion =>
  versionOfBinding(headers.get('x-taxii-accept')) ?? versionOfBinding(headers.get('x-taxii-content-type')) ?? taxii11;

function required(headers: Headers, name: string): string {
  const value = headers.get(name);
  if (value === null) throw new StatusRefusal('FAILURE', `Header ${name} was not specified`);
  return value;
}

/** What is looked at before the message is read. @throws StatusRefusal */
export function versionOfRequest(headers: Headers): TaxiiVersion {
  const contentType = required(headers, 'Content-Type');
  const binding = required(headers, 'X-TAXII-Content-Type');
  const version = versionOfBinding(binding);
  if (!version) throw new StatusRefusal('FAILURE', `TAXII Content Type "${shown(binding)}" is not supported`);
  if (!contentType.toLowerCase().includes('application/xml'))
    throw new StatusRefusal('FAILURE', 'The specified value of Content-Type is not supported');
  return version;
}

/** What is looked at when the message was read. @throws StatusRefusal */
export function checkLaterHeaders(headers: Headers): void {
  if (!isKnownServices(required(headers, 'X-TAXII-Services')))
    throw new StatusRefusal('FAILURE', 'The value of X-TAXII-Services was not recognized');
  const protocol = headers.get('x-taxii-protocol');
  if (protocol !== null && !(protocolBindings as readonly string[]).includes(protocol))
    throw new StatusRefusal('FAILURE', 'The specified value of X-TAXII-Protocol is not supported');
  const accept = headers.get('x-taxii-accept');
  if (accept !== null && !versionOfBinding(accept))
    throw new StatusRefusal('FAILURE', 'The specified value of X-TAXII-Accept is not recognized');
}

const shown = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
