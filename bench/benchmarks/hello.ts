import { expectSame } from '../harness/answers.ts';
import { ask, underLoad } from '../harness/load.ts';
import { startProcess } from '../harness/process.ts';
import { compare } from '../harness/report.ts';
import { interleave } from '../harness/rounds.ts';
import type { Benchmark } from './suite.ts';

const body = JSON.stringify({ query: '{ hello }' });

/** What a request costs that asks for nothing. */
export const hello: Benchmark = {
  name: 'hello',
  data: 'made',
  async run({ gatehouse, byHand, loader, effort }) {
    const mercurius = await startProcess<string>('peers/mercurius.ts');
    try {
      const places = [
        { name: 'Gatehouse', server: gatehouse, url: `${gatehouse.ready}/graphql` },
        { name: 'Mercurius, compiled', server: mercurius, url: mercurius.ready },
        { name: 'node:http', server: byHand, url: `${byHand.ready}/hello` },
      ];
      const contenders = [];
      for (const place of places) {
        const { text, data } = await ask(place.url, body);
        expectSame(`hello from ${place.name}`, { hello: 'world' }, data);
        contenders.push(
          underLoad(place.name, place.server, loader, () => ({
            url: place.url,
            body,
            answer: text,
            span: effort.span,
          })),
        );
      }
      return { rows: compare('hello', contenders, await interleave(contenders, effort)), counts: [] };
    } finally {
      await mercurius.stop();
    }
  },
};
