import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { ask, freePort, type GatewayProcess, signIn, startProcess } from '../support/gateway-process.ts';
import { findPostgres } from '../support/postgres.ts';

const stream =
  'subscription ($after: EventCursor) { deviceChanged(after: $after) { __typename ... on Event { sequence name } ... on Gap { reason } } }';

/** What a client has: the numbers it received, in order, and the cursor it would resume after. */
interface Reader {
  readonly sequences: number[];
  readonly gaps: unknown[];
  stop(): void;
}

interface Delivered {
  readonly data: { readonly deviceChanged: { readonly __typename: string; readonly sequence?: string } };
  readonly extensions: { readonly cursor: string };
}

/** Keeps a stream open whatever happens to the gateways, resuming after the last cursor it saw. */
function keepReading(urls: () => string, token: string, start: string, transport: 'socket' | 'sse'): Reader {
  const sequences: number[] = [];
  const gaps: unknown[] = [];
  let cursor = start;
  let stopped = false;
  let cut: () => void = () => undefined;
  const take = (item: Delivered) => {
    const { __typename, sequence } = item.data.deviceChanged;
    if (__typename === 'Gap') gaps.push(item);
    else sequences.push(Number(sequence));
    cursor = item.extensions.cursor;
  };
  const once = transport === 'socket' ? overSocket : overSse;
  void (async () => {
    while (!stopped) {
      await once(urls(), token, cursor, take, (end) => {
        cut = end;
      }).catch(() => undefined);
      await pause(50);
    }
  })();
  return {
    sequences,
    gaps,
    stop() {
      stopped = true;
      cut();
    },
  };
}

type Once = (
  url: string,
  token: string,
  after: string,
  take: (item: Delivered) => void,
  onCut: (cut: () => void) => void,
) => Promise<void>;

const overSocket: Once = async (url, token, after, take, onCut) => {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  onCut(() => void client.dispose());
  await new Promise<void>((resolve, reject) => {
    client.subscribe(
      { query: stream, variables: { after } },
      { next: (item) => take(item as unknown as Delivered), error: reject, complete: resolve },
    );
  });
};

const overSse: Once = async (url, token, after, take, onCut) => {
  const abort = new AbortController();
  onCut(() => abort.abort());
  const response = await fetch(`${url}/graphql?${new URLSearchParams({ query: stream })}`, {
    signal: abort.signal,
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'last-event-id': after },
  });
  let buffer = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    buffer += chunk;
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: {'));
      if (data) take(JSON.parse(data.slice(6)));
    }
  }
};

/** Eight clients that create devices as fast as they are answered, until told to stop. */
function keepWriting(urls: () => string, token: string, site: string) {
  let stopped = false;
  let answered = 0;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let count = 0; !stopped; count += 1) {
      const input = { site: { name: site }, hostname: `w${writer}-${count}` };
      const document = 'mutation ($input: DeviceCreateInput!) { deviceCreate(input: $input) { __typename } }';
      await ask(urls(), document, { input }, token).then(
        () => {
          answered += 1;
        },
        () => pause(20),
      );
    }
  });
  return {
    get answered() {
      return answered;
    },
    async stop() {
      stopped = true;
      await Promise.all(writers);
    },
  };
}

async function prepare(url: string) {
  const token = await signIn(url);
  await ask(url, 'mutation { siteCreate(input: { name: "S" }) { __typename } }', {}, token);
  const { eventLog } = await ask<{ eventLog: { cursor: string } }>(url, '{ eventLog { cursor } }', {}, token);
  return { token, start: eventLog.cursor };
}

interface Page {
  readonly events: {
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    readonly nodes: readonly { readonly sequence: string }[];
  };
}

/** The numbers of all device events, as the log has them. */
async function committed(url: string, token: string): Promise<number[]> {
  const found: number[] = [];
  const query = `query ($after: String) { events(first: 500, after: $after, filter: { names: ["network.device.*"] }) { pageInfo { hasNextPage endCursor } nodes { sequence } } }`;
  for (let after: string | null = null; ; ) {
    const { events }: Page = await ask<Page>(url, query, { after }, token);
    found.push(...events.nodes.map((node) => Number(node.sequence)));
    if (!events.pageInfo.hasNextPage) return found.reverse();
    after = events.pageInfo.endCursor;
  }
}

async function deviceCount(url: string, token: string): Promise<number> {
  const { devices } = await ask<{ devices: { totalCount: number } }>(url, '{ devices { totalCount } }', {}, token);
  return devices.totalCount;
}

async function checkReaders(readers: readonly Reader[], url: string, token: string, answered: number) {
  // One event for each device, no device without: what was committed last is numbered a moment later.
  let sequences: number[] = [];
  const numbered = async () => {
    sequences = await committed(url, token);
    return sequences.length;
  };
  await expect.poll(numbered, { timeout: 10_000 }).toBe(await deviceCount(url, token));
  await expect
    .poll(() => readers.map((reader) => reader.sequences.length), { timeout: 20_000 })
    .toEqual(readers.map(() => sequences.length));
  for (const reader of readers) {
    expect(reader.sequences).toEqual(sequences);
    expect(reader.gaps).toEqual([]);
  }
  // What a client was told is done is there.
  expect(sequences.length).toBeGreaterThanOrEqual(answered);
}

describe('a gateway on its embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('killed in the middle of eight writers, twice, delivers what was committed: none missing, none twice', async () => {
    const port = await freePort();
    const config = { dataDir: folder, http: { port } };
    let server = await startProcess(config);
    const { url } = server;
    const { token, start } = await prepare(url);
    const readers = (['socket', 'sse'] as const).map((transport) => keepReading(() => url, token, start, transport));
    const writing = keepWriting(() => url, token, 'S');
    for (let round = 0; round < 2; round += 1) {
      const goal = writing.answered + 40;
      await expect.poll(() => writing.answered, { timeout: 20_000 }).toBeGreaterThan(goal);
      await server.kill();
      server = await startProcess(config);
    }
    const goal = writing.answered + 40;
    await expect.poll(() => writing.answered, { timeout: 20_000 }).toBeGreaterThan(goal);
    await writing.stop();
    await checkReaders(readers, url, token, writing.answered);
    for (const reader of readers) reader.stop();
    expect(await server.stop()).toBe(0);
  }, 120_000);
});

describe.skipIf(!findPostgres())('two gateways on one PostgreSQL server', () => {
  afterAll(() => stopSharedServer());

  test('tell the same events in the same order, and while one is killed nothing is missing or twice', async () => {
    const storage = { url: await newServerDatabase() };
    const ports = [await freePort(), await freePort()] as const;
    const configs = ports.map((port) => ({ storage, http: { port } }));
    const servers: GatewayProcess[] = [];
    for (const config of configs) servers.push(await startProcess(config));
    const urls = servers.map((server) => server.url);
    const { token, start } = await prepare(urls[0] ?? '');
    let turn = 0;
    const either = () => urls[turn++ % 2] ?? '';
    const readers = urls.flatMap((url, index) => [
      // One that stays with its gateway, and one that goes to the other when its own is gone.
      keepReading(() => url, token, start, index === 0 ? 'socket' : 'sse'),
      keepReading(either, token, start, index === 0 ? 'sse' : 'socket'),
    ]);
    const writing = keepWriting(either, token, 'S');
    for (const victim of [0, 1]) {
      const goal = writing.answered + 60;
      await expect.poll(() => writing.answered, { timeout: 20_000 }).toBeGreaterThan(goal);
      await servers[victim]?.kill();
      const later = writing.answered + 20;
      await expect.poll(() => writing.answered, { timeout: 20_000 }).toBeGreaterThan(later);
      servers[victim] = await startProcess(configs[victim] ?? {});
    }
    await writing.stop();
    await checkReaders(readers, urls[0] ?? '', token, writing.answered);
    for (const reader of readers) reader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }, 120_000);
});
