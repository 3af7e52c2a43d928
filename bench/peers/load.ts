/** Puts load on a server, from a process of its own. */
import autocannon from 'autocannon';
import { answerParent } from '../harness/child.ts';
import type { Load, LoadResult } from '../harness/load.ts';

let number = 0;

async function load({ url, headers, body, connections, span, answer, holds }: Load): Promise<LoadResult> {
  const begun = performance.now();
  const result = await autocannon({
    url,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    ...(body !== undefined && { body }),
    connections,
    // It looks whether it is done when it takes a sample.
    ...('seconds' in span ? { duration: span.seconds } : { amount: span.requests, sampleInt: 10 }),
    // Typed without it.
    ...({
      verifyBody: (text: string) => (answer === undefined ? text.includes(holds ?? '') : text === answer),
    } as object),
    ...(holds !== undefined &&
      body !== undefined && {
        requests: [
          {
            setupRequest(request) {
              number += 1;
              return { ...request, body: body.replaceAll('{n}', String(number).padStart(12, '0')) };
            },
          },
        ],
      }),
  });
  const { non2xx, errors, timeouts, mismatches } = result;
  return {
    answers: result['2xx'],
    seconds: (performance.now() - begun) / 1000,
    failures: non2xx + errors + timeouts + mismatches,
  };
}

answerParent(null, { load }, () => undefined);
