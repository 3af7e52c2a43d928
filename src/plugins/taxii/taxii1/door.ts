import type { Context } from '#kernel/context.ts';
import type { DoorCall } from '#kernel/door-call.ts';
import { AuthenticationError, PayloadTooLargeError, UnavailableError } from '#kernel/errors.ts';
import type { ProtocolDoor } from '#kernel/plugin.ts';
import { collectionOf, type Exchange, writerOf } from '#plugins/taxii/taxii1/exchange.ts';
import {
  allowHeaders,
  checkLaterHeaders,
  messageHeaders,
  optionHeaders,
  takesXml,
  versionBefore,
  versionOfRequest,
} from '#plugins/taxii/taxii1/headers.ts';
import { destinationsOf } from '#plugins/taxii/taxii1/inbox.ts';
import { handleMessage } from '#plugins/taxii/taxii1/messages/handlers.ts';
import { type Asked, type Status, StatusRefusal, statusOf, writeStatus } from '#plugins/taxii/taxii1/status.ts';
import { subscriptionIdOf } from '#plugins/taxii/taxii1/subscriptions.ts';
import type { StatusType, TaxiiVersion } from '#plugins/taxii/taxii1/version.ts';
import { attribute, type MessageElement, needed } from '#plugins/taxii/taxii1/xml/element.ts';
import { InvalidMessage, InvalidXml } from '#plugins/taxii/taxii1/xml/invalid.ts';
import { readMessage } from '#plugins/taxii/taxii1/xml/reader.ts';
import type { Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import { refuseUnchanged } from '#resolvers/threat/access.ts';
import { serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** What the config says of this door. */
export interface Taxii1Settings {
  readonly taxii1: {
    readonly pathPrefixes: readonly string[];
    readonly unauthorizedStatus: StatusType;
    readonly maxBlockBytes: number;
    readonly maxDepth: number;
  };
  readonly returnServerErrorDetails: boolean;
}

/** The doors of TAXII 1.0 and 1.1: one below each prefix, and each service at its own path. */
export const taxii1Doors = (settings: Taxii1Settings): ProtocolDoor[] =>
  settings.taxii1.pathPrefixes.map((path) => ({
    path,
    name: 'taxii.taxii1',
    title: 'TAXII 1.0 and 1.1',
    description: 'Services of TAXII 1.0 and 1.1: discovery, collection management, inboxes and polls, in XML.',
    methods: ['POST', 'OPTIONS'],
    handle: (call) => answerCall(settings, call),
  }));

async function answerCall(settings: Taxii1Settings, call: DoorCall): Promise<Response> {
  const { request, ctx, path } = call;
  const version = versionBefore(request.headers);
  try {
    const [service] = await ctx.use(serviceStore).getByPath([path]);
    if (!service) return plain(404, 'Not Found');
    if (request.method === 'OPTIONS') return new Response(null, { status: 200, headers: optionHeaders });
    if (request.method !== 'POST') return plain(405, 'Method Not Allowed', allowHeaders);
    if (!takesXml(request.headers)) return plain(406, 'Unacceptable');
    return await serve(settings, call, service);
  } catch (error) {
    return refused(settings, call, { error, version, message: null });
  }
}

/** Who may, then what it is, then what it says. */
async function serve(settings: Taxii1Settings, call: DoorCall, service: TaxiiService): Promise<Response> {
  const { headers } = call.request;
  const ctx = await call.enter();
  refuseUnchanged(ctx);
  if (service.authenticationRequired && ctx.viewer.kind === 'ANONYMOUS')
    throw new AuthenticationError('The service answers to accounts only');
  if (!service.available) throw new UnavailableError('The service is not available');
  const version = versionOfRequest(headers);
  const { message, raw } = await receive(settings, call, service, version);
  const { publicUrl } = call;
  const exchange: Exchange = { ctx, service, version, message, publicUrl, raw, write: writerOf(version) };
  try {
    checkLaterHeaders(headers);
    return messageAnswer(ctx, version, await handleMessage(exchange));
  } catch (error) {
    return refused(settings, call, { error, version, message });
  }
}

/** The most elements of a message, contents aside: several hundred thousand blocks. */
const maxElements = 1_000_000;

/** Reads the message, and keeps its bytes where inboxes keep them. */
async function receive(
  { taxii1 }: Taxii1Settings,
  call: DoorCall,
  service: TaxiiService,
  version: TaxiiVersion,
): Promise<{ message: MessageElement; raw: Uint8Array | null }> {
  const { maxContentLength, saveRawInboxMessages } = call.ctx.use(threatSettings);
  const chunks: Uint8Array[] | null = service.kind === 'INBOX' && saveRawInboxMessages ? [] : null;
  const body = call.body(maxContentLength, 'threat.maxContentLength');
  const { maxDepth, maxBlockBytes } = taxii1;
  const limits = { maxDepth, maxBlockBytes, maxContentBytes: maxContentLength, maxElements };
  const message = await readMessage(chunks ? keeping(body, chunks) : body, version.table, limits);
  return { message, raw: chunks && Buffer.concat(chunks) };
}

async function* keeping(body: AsyncIterable<Uint8Array>, chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    chunks.push(chunk);
    yield chunk;
  }
}

interface Refused {
  readonly error: unknown;
  readonly version: TaxiiVersion;
  /** Null while it was not found valid. */
  readonly message: MessageElement | null;
}

function refused(settings: Taxii1Settings, call: DoorCall, { error, version, message }: Refused): Response {
  const asked = message ? askedFor(version, message) : {};
  const status = statusOfThrown(settings, call, error, asked);
  if (status === null) return plain(413, 'Request Entity Too Large');
  const inResponseTo = message ? needed(message, 'message_id') : '0';
  return messageAnswer(call.ctx, version, writeStatus(version, status, inResponseTo));
}

/** Null for what HTTP itself answers. */
function statusOfThrown(settings: Taxii1Settings, call: DoorCall, error: unknown, asked: Asked): Status | null {
  if (error instanceof StatusRefusal) return error.status;
  if (error instanceof InvalidXml) return { type: 'BAD_MESSAGE', message: 'Request was invalid XML' };
  if (error instanceof InvalidMessage) {
    const binding = call.request.headers.get('x-taxii-content-type');
    const message = `Request was not schema valid: "${error.message}" for content type "${binding}"`;
    return { type: 'BAD_MESSAGE', message };
  }
  if (error instanceof PayloadTooLargeError) return null;
  const told = settings.returnServerErrorDetails && error instanceof Error ? error.message : null;
  const rules = { unauthorizedStatus: settings.taxii1.unauthorizedStatus, faultDetails: told };
  return statusOf(call.mask(error), rules, asked);
}

/** What a message names that there may not be. */
const askedFor = (version: TaxiiVersion, message: MessageElement): Asked => {
  const received = { version, message };
  return {
    ...(message.attributes.has(version.collectionName) && { collection: collectionOf(received) }),
    subscriptionId: subscriptionIdOf(received),
    resultId: attribute(message, 'result_id'),
    destinations: destinationsOf(received),
  };
};

const messageAnswer = (ctx: Context, version: TaxiiVersion, xml: Xml): Response =>
  new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`, {
    status: 200,
    headers: messageHeaders(version, ctx.request.secure),
  });

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } });
