import { expectSame } from '../harness/answers.ts';
import { ask, underLoad } from '../harness/load.ts';
import { compare } from '../harness/report.ts';
import { interleave } from '../harness/rounds.ts';
import type { Benchmark } from './suite.ts';

const body = JSON.stringify({ query: '{ hello }' });

/** What it costs to know who asks. */
export const credentials: Benchmark = {
  name: 'credentials',
  data: 'made',
  async run({ gatehouse, loader, effort }) {
    const url = `${gatehouse.ready}/graphql`;
    const tokens = {
      'hello with an API key': await gatehouse.ask<string>('makeKey'),
      'hello with a session': await gatehouse.ask<string>('signIn'),
    };
    const rows = [];
    for (const [benchmark, token] of Object.entries(tokens)) {
      const headers = { authorization: `Bearer ${token}` };
      const { text, data } = await ask(url, body, headers);
      expectSame(benchmark, { hello: 'world' }, data);
      const load = { url, body, answer: text, span: effort.span };
      const contenders = [
        underLoad(benchmark, gatehouse, loader, () => ({ ...load, headers })),
        underLoad('Gatehouse without a credential', gatehouse, loader, () => load),
      ];
      rows.push(...compare(benchmark, contenders, await interleave(contenders, effort)));
    }
    return { rows, counts: [] };
  },
};
