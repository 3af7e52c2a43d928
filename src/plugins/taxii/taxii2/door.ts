import type { DoorCall } from '#kernel/door-call.ts';
import { InputError, PayloadTooLargeError } from '#kernel/errors.ts';
import type { ProtocolDoor } from '#kernel/plugin.ts';
import { isTaxii, takesTaxii, taxiiMediaType } from '#plugins/taxii/taxii2/media-types.ts';
import { FormRefusal, refused } from '#plugins/taxii/taxii2/refusal.ts';
import { basePath, findRoute } from '#plugins/taxii/taxii2/routes.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** The door of TAXII 2.1. It translates: what may be done and what happens is said where every other door asks too. */
export const taxii2Door: ProtocolDoor = {
  path: basePath,
  name: 'taxii.taxii2',
  title: 'TAXII 2.1',
  description: 'Discovery, API roots, collections, objects and statuses of TAXII 2.1, in JSON.',
  methods: ['GET', 'POST', 'DELETE'],
  async handle(call) {
    try {
      return await serve(call);
    } catch (error) {
      return refused(call, error);
    }
  },
};

/** Who asks, then the form of the request; rights, body and parameters are the handler's, in this order. */
async function serve(call: DoorCall): Promise<Response> {
  const { request } = call;
  const ctx = await call.enter();
  const found = findRoute(call.path);
  if (!found) throw new FormRefusal(404, 'Nothing is here. Paths of TAXII 2.1 end with a slash.');
  const { maxContentLength } = ctx.use(threatSettings);
  if (Number(request.headers.get('content-length')) > maxContentLength) throw tooLarge(maxContentLength);
  const { methods } = found.route;
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (!handler) {
    const allow = Object.keys(methods).join(', ');
    throw new FormRefusal(405, `This takes ${allow}.`, { allow });
  }
  checkHeaders(request);
  return handler({
    ctx,
    named: found.named,
    query: new URL(request.url).searchParams,
    body: () => readText(call.body(maxContentLength, 'threat.maxContentLength')),
  });
}

function checkHeaders({ method, headers }: Request): void {
  if (!takesTaxii(headers.get('accept'))) throw new FormRefusal(406, `Answers are ${taxiiMediaType}: accept that.`);
  if (method !== 'POST') return;
  if (headers.has('content-encoding')) throw new FormRefusal(415, 'Send the body without a Content-Encoding.');
  if (!isTaxii(headers.get('content-type'))) throw new FormRefusal(415, `Send the body as ${taxiiMediaType}.`);
}

const tooLarge = (most: number): PayloadTooLargeError =>
  new PayloadTooLargeError(`The body is larger than ${most} bytes, which is the most (threat.maxContentLength).`);

/** Keeps the text alone, not the bytes that it came in as well. */
async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw InputError.at([], 'Invalid json: the body is no UTF-8');
    }
  };
  const parts: string[] = [];
  for await (const bytes of body) parts.push(decode(bytes));
  return [...parts, decode()].join('');
}
