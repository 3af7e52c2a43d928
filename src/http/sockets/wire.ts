import type { Duplex } from 'node:stream';
import { closeCode } from '#http/live/close-code.ts';
import type { LiveConfig } from '#http/live/config.ts';
import type { Ending, Wire } from '#http/live/connection.ts';
import { closeReason, type Session } from '#http/sockets/session.ts';

/** The wire of a socket: it writes the frames of subscriptions past the package, which says everything else. */
export function wireOf(session: Session, config: LiveConfig['socket']): Wire {
  const { socket, stream } = session;
  const gather = gatherer(stream);
  let blocked = false;
  const written = () => {
    if (!blocked || !session.connection?.writable) return;
    blocked = false;
    session.connection.drained();
  };
  const write = (data: string) => {
    if (socket.readyState !== socket.OPEN) return;
    gather();
    socket.send(data, written);
    blocked ||= session.connection?.writable === false;
  };
  return {
    transport: 'websocket',
    get unsent() {
      return socket.bufferedAmount;
    },
    next: (id, payload) => write(`{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`),
    // The package says `complete`, after what was written before.
    complete: (id) => finish(session, id),
    fail(id, error, cursor) {
      const { message, extensions } = error;
      write(JSON.stringify({ id, type: 'error', payload: [{ message, extensions: { ...extensions, cursor } }] }));
      finishSilently(session, id);
    },
    close(ending) {
      for (const id of [...session.results.keys()]) finishSilently(session, id);
      socket.close(closeCode(ending, config.slowConsumerCode), closeReason(reasonOf(ending)));
      setTimeout(() => {
        if (socket.readyState !== socket.CLOSED) socket.terminate();
      }, config.closeGrace).unref();
    },
  };
}

function finish({ results }: Session, id: string): void {
  results.get(id)?.finish();
  results.delete(id);
}

/** The package must not say `complete` after `error`: it does not for an id that it does not know any more. */
function finishSilently(session: Session, id: string): void {
  if (session.protocol) delete (session.protocol.subscriptions as Record<string, unknown>)[id];
  finish(session, id);
}

/** What is written in one turn leaves together: a burst of events costs one call of the system for each socket. */
function gatherer(stream: Duplex): () => void {
  let gathering = false;
  const release = () => {
    gathering = false;
    stream.uncork();
  };
  return () => {
    if (gathering) return;
    gathering = true;
    stream.cork();
    process.nextTick(release);
  };
}

function reasonOf(ending: Ending): string {
  switch (ending.why) {
    case 'slow':
      return `Slow consumer. Resume after ${ending.cursor}`;
    case 'ended':
      return ending.reason;
    case 'drain':
      return `Restarting. Retry in ${ending.retry}`;
    case 'unreachable':
      return 'The event log cannot be reached.';
  }
}
