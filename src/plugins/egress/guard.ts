import { lookup } from 'node:dns/promises';
import { type Egress, EgressError } from '#kernel/egress.ts';
import { exchange } from '#plugins/egress/exchange.ts';
import { allowed, judge, type Resolve } from '#plugins/egress/target.ts';

/** As the host does, its file of hosts included. */
const resolveByHost: Resolve = (name) => lookup(name, { all: true, order: 'verbatim' });

/** @param allow host names, addresses and networks that are open beside the public internet, for http too. */
export function createEgress(allow: readonly string[], resolve: Resolve = resolveByHost): Egress {
  const opened = allowed(allow);
  return {
    async fault(url) {
      try {
        await judge(url, opened, resolve);
        return null;
      } catch (error) {
        if (error instanceof EgressError) return error.message;
        throw error;
      }
    },
    async send(request) {
      const timeout = AbortSignal.timeout(request.timeout);
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
      const target = await before(signal, judge(request.url, opened, resolve));
      return exchange(target, request, signal);
    },
  };
}

/** A name server that does not answer must not hold an exchange longer than its time. */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new EgressError('TIMEOUT', 'The name was not resolved in time.'));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
