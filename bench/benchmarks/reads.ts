import { expectSame } from '../harness/answers.ts';
import { ask, underLoad } from '../harness/load.ts';
import { startProcess } from '../harness/process.ts';
import { compare } from '../harness/report.ts';
import { interleave } from '../harness/rounds.ts';
import type { Benchmark } from './suite.ts';

/** One question, as each of the servers is asked it. */
interface Question {
  readonly benchmark: string;
  readonly gatehouse: string;
  /** Lists of PostGraphile are called otherwise; its answers have the same form by aliases. */
  readonly postgraphile: string;
  /** The path of what is written by hand. */
  readonly path: string;
}

const questions: readonly Question[] = [
  {
    benchmark: 'list of 100',
    gatehouse: '{ devices(first: 100) { nodes { id hostname } } }',
    postgraphile: '{ devices: allDevices(first: 100) { nodes { id hostname } } }',
    path: 'list',
  },
  {
    benchmark: '100, each with what it belongs to',
    gatehouse: '{ devices(first: 100) { nodes { id hostname site { id name } } } }',
    postgraphile: '{ devices: allDevices(first: 100) { nodes { id hostname site { id name } } } }',
    path: 'nested',
  },
  {
    benchmark: '100, with relations of relations',
    gatehouse: '{ networks(first: 100) { nodes { id cidr site { id name } parent { id cidr parent { cidr } } } } }',
    postgraphile:
      '{ networks: allNetworks(first: 100) { nodes { id cidr site { id name } parent { id cidr parent { cidr } } } } }',
    path: 'tree',
  },
  {
    benchmark: '10 lists of 10',
    gatehouse: '{ sites(first: 10) { nodes { name devices(first: 10) { nodes { id hostname } } } } }',
    postgraphile: '{ sites: allSites(first: 10) { nodes { name devices(first: 10) { nodes { id hostname } } } } }',
    path: 'pages',
  },
];

/** Lists and what hangs on them, on the same tables of the same database. */
export const reads: Benchmark = {
  name: 'reads',
  data: 'made',
  async run({ gatehouse, byHand, loader, effort, url }) {
    const postgraphile = await startProcess<string>('peers/postgraphile.ts', { url });
    try {
      const rows = [];
      for (const question of questions) {
        const asked = [
          { name: 'Gatehouse', server: gatehouse, url: `${gatehouse.ready}/graphql`, query: question.gatehouse },
          { name: 'PostGraphile 5', server: postgraphile, url: postgraphile.ready, query: question.postgraphile },
          { name: 'SQL by hand', server: byHand, url: `${byHand.ready}/${question.path}`, query: '' },
        ];
        const contenders = [];
        let ours: unknown = null;
        for (const { name, server, url, query } of asked) {
          const body = JSON.stringify({ query });
          const { text, data } = await ask(url, body);
          ours ??= data;
          expectSame(`${question.benchmark} from ${name}`, ours, data);
          contenders.push(underLoad(name, server, loader, () => ({ url, body, answer: text, span: effort.span })));
        }
        rows.push(...compare(question.benchmark, contenders, await interleave(contenders, effort)));
      }
      return { rows, counts: [] };
    } finally {
      await postgraphile.stop();
    }
  },
};
