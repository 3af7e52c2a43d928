/** The limit of delivery: the plain `ws` package, frames that were serialised beforehand, and no protocol above them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { answerParent } from '../harness/child.ts';

const server = createServer();
const sockets = new WebSocketServer({ server });

/** Sends each frame to everybody, one frame after the other. */
async function send({ frame, times }: { frame: string; times: number }): Promise<void> {
  const bytes = Buffer.from(frame);
  for (let count = 0; count < times; count += 1) {
    for (const socket of sockets.clients) socket.send(bytes, { binary: false });
    await turn();
  }
}

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { send }, () => {
  for (const socket of sockets.clients) socket.terminate();
  server.close();
});
