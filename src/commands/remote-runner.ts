import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure, failure } from '#commands/failure.ts';
import { answerFailure, eventFields, type FollowedItem, type Runner, type ShownEvent } from '#commands/runner.ts';

/** Milliseconds before a stream that broke off is taken up again. */
const retry = 1000;

/** A running gateway, reached over HTTP. */
export function openRemote(address: string, token: string | undefined): Runner {
  const url = endpoint(address);
  const post = async (body: object, accept: string, signal?: AbortSignal): Promise<Response> => {
    try {
      return await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw failure('UNREACHABLE', `No gateway answers at ${url.href}: ${reasonOf(error)}.`);
    }
  };
  return {
    gateway: null,
    async run<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}) {
      const response = await post({ query, variables }, 'application/graphql-response+json, application/json');
      const { data, errors } = await readAnswer(response, url);
      if (errors) throw answerFailure(errors);
      return data as Data;
    },
    async *follow({ filter, after }, signal): AsyncGenerator<FollowedItem> {
      let cursor = after;
      let known = false;
      while (!signal.aborted) {
        const variables = { filter, after: cursor };
        try {
          const response = await post({ query: subscription, variables }, 'text/event-stream', signal);
          for await (const frame of frames(await streamOf(response, url))) {
            known = true;
            cursor = frame.id ?? cursor;
            if (frame.event === 'complete') return;
            const item = frame.event === 'next' ? toItem(JSON.parse(frame.data) as Answer) : null;
            if (item) yield item;
          }
        } catch (error) {
          if (signal.aborted) return;
          if (!known || !isLoss(error)) throw error;
        }
        // It was restarted, or the way to it broke: what happened meanwhile comes after the cursor.
        await pause(retry, undefined, { signal }).catch(() => undefined);
      }
    },
    close: async () => {},
  };
}

/** Begins with a position to resume from: the first event may be long in coming. */
const subscription = `subscription ($filter: EventFilter!, $after: EventCursor) {
  item: events(filter: $filter, after: $after, hello: true) {
    __typename
    ... on Event { ${eventFields} }
    ... on Gap { from to gapReason: reason }
  }
}`;

/** The address of the graph, whichever way the gateway is named. */
function endpoint(address: string): URL {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw failure('BAD_USER_INPUT', `"${address}" is no address: give one such as http://localhost:4000.`);
  }
  if (!url.pathname.endsWith('/graphql')) url.pathname = `${url.pathname.replace(/\/$/, '')}/graphql`;
  return url;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause);
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: { message: string; extensions?: Record<string, unknown> }[];
}

async function readAnswer(response: Response, url: URL): Promise<Answer> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw failure('UNREACHABLE', `${url.href} answered ${response.status} and no GraphQL: it is no gateway.`);
  }
}

/** The gateway, or the way to it, is gone for the moment. */
const isLoss = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof CommandFailure && error.errors[0]?.code === 'UNREACHABLE');

async function streamOf(response: Response, url: URL): Promise<ReadableStream<Uint8Array>> {
  if (response.body && response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body;
  const { errors } = await readAnswer(response, url);
  throw answerFailure(errors ?? [{ message: `The gateway answered ${response.status}, and no stream.` }]);
}

function toItem({ data, errors }: Answer): FollowedItem | null {
  if (errors) throw answerFailure(errors);
  const { item } = data as { item: { __typename: string; from?: string; to?: string; gapReason?: string } };
  if (item.__typename === 'Subscribed') return null;
  if (item.__typename === 'Gap')
    return { missing: `Events ${Number(item.from) + 1} to ${item.to} are missing: ${item.gapReason}.` };
  return { event: item as unknown as ShownEvent };
}

interface Frame {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Server-sent events, as they come. */
async function* frames(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let waiting = '';
  for await (const chunk of body) {
    waiting += decoder.decode(chunk, { stream: true });
    const parts = waiting.split('\n\n');
    waiting = parts.pop() ?? '';
    for (const part of parts) yield toFrame(part);
  }
}

function toFrame(text: string): Frame {
  const field = (name: string): string | null => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}:`));
    return lines.length === 0 ? null : lines.map((line) => line.slice(name.length + 1).replace(/^ /, '')).join('\n');
  };
  return { id: field('id'), event: field('event') ?? '', data: field('data') ?? '' };
}
