/** Many sockets that count what they are sent, in a process of their own. */
import { WebSocket } from 'ws';
import { answerParent } from '../harness/child.ts';

/** Which sockets to open. */
export interface Audience {
  readonly url: string;
  readonly sockets: number;
  /** The document that each of them subscribes to over graphql-transport-ws; null for sockets that only listen. */
  readonly subscribe: string | null;
}

/** What all of them received. */
export interface Received {
  readonly frames: number;
  readonly bytes: number;
  /** The fewest frames that one of them received, and the most. */
  readonly fewest: number;
  readonly most: number;
}

interface Listener {
  readonly socket: WebSocket;
  frames: number;
}

/** So many are opened at once. */
const together = 50;

let listeners: Listener[] = [];
let frames = 0;
let bytes = 0;
/** What the first of them received, whole. */
let texts: string[] = [];
let waiting: { readonly frames: number; readonly resolve: () => void } | null = null;

async function open({ url, sockets, subscribe }: Audience): Promise<void> {
  while (listeners.length < sockets) {
    const count = Math.min(together, sockets - listeners.length);
    listeners.push(...(await Promise.all(Array.from({ length: count }, () => listen(url, subscribe)))));
  }
}

async function listen(url: string, subscribe: string | null): Promise<Listener> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), subscribe === null ? [] : ['graphql-transport-ws'], {
    perMessageDeflate: false,
  });
  const listener: Listener = { socket, frames: 0 };
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', (code, reason) => reject(new Error(`A socket was closed: ${code} ${reason}`)));
    socket.once('open', () => {
      if (subscribe === null) return resolve();
      socket.send('{"type":"connection_init"}');
    });
    if (subscribe === null) return;
    socket.on('message', function begin(data: Buffer) {
      const message = JSON.parse(data.toString()) as { type: string };
      if (message.type === 'connection_ack')
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: subscribe } }));
      else if (message.type === 'next') {
        socket.off('message', begin);
        resolve();
      } else if (message.type !== 'ping') reject(new Error(`A subscription was answered ${data}`));
    });
  });
  socket.on('message', (data: Buffer) => take(listener, data));
  return listener;
}

const ping = Buffer.from('{"type":"ping"');

function take(listener: Listener, data: Buffer): void {
  if (data.subarray(0, ping.length).equals(ping)) {
    listener.socket.send('{"type":"pong"}');
    return;
  }
  if (listener === listeners[0]) texts.push(data.toString());
  listener.frames += 1;
  frames += 1;
  bytes += data.length;
  if (waiting && frames >= waiting.frames) waiting.resolve();
}

/** Begins to count anew. */
function reset(): void {
  for (const listener of listeners) listener.frames = 0;
  frames = 0;
  bytes = 0;
  texts = [];
}

/** Waits until so many frames came to all of them together. */
async function reach(count: number): Promise<Received> {
  if (frames < count)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Of ${count} frames ${frames} came.`)), 60_000);
      waiting = {
        frames: count,
        resolve() {
          clearTimeout(timer);
          waiting = null;
          resolve();
        },
      };
    });
  const counts = listeners.map((listener) => listener.frames);
  return { frames, bytes, fewest: Math.min(...counts), most: Math.max(...counts) };
}

function close(): void {
  for (const { socket } of listeners) {
    socket.removeAllListeners('close');
    socket.terminate();
  }
  listeners = [];
}

answerParent(null, { open, reset, reach, texts: () => texts }, close);
