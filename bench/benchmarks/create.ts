import { expectSame } from '../harness/answers.ts';
import { run } from '../harness/database.ts';
import { ask, underLoad } from '../harness/load.ts';
import { startProcess } from '../harness/process.ts';
import { compare } from '../harness/report.ts';
import { interleave } from '../harness/rounds.ts';
import type { Benchmark } from './suite.ts';

const mutation = `mutation ($input: DeviceCreateInput!) {
  deviceCreate(input: $input) { __typename ... on DeviceCreateSuccess { device { id hostname } } }
}`;

const siteId = '01890000-0000-7000-8000-000000000000';

/** A thing made together with its event. What is written by hand has a database of its own: nobody numbers its events. */
export const create: Benchmark = {
  name: 'create',
  data: 'made',
  async run({ gatehouse, loader, effort, databases }) {
    const url = await databases.create('by_hand');
    await run(url, `INSERT INTO site VALUES ('${siteId}', 'Site 0', '', now(), now())`);
    const byHand = await startProcess<string>('servers/by-hand.ts', { url });
    try {
      const places = [
        {
          name: 'Gatehouse',
          server: gatehouse,
          url: `${gatehouse.ready}/graphql`,
          body: (hostname: string) =>
            JSON.stringify({ query: mutation, variables: { input: { site: { name: 'Site 0' }, hostname } } }),
        },
        {
          name: 'SQL by hand',
          server: byHand,
          url: `${byHand.ready}/create`,
          body: (hostname: string) => JSON.stringify({ siteId, hostname }),
        },
      ];
      const answers = [];
      for (const place of places) answers.push((await ask(place.url, place.body('made-first'))).data);
      expectSame('create', withoutIds(answers[0]), withoutIds(answers[1]));
      const contenders = places.map((place) =>
        underLoad(place.name, place.server, loader, () => ({
          url: place.url,
          body: place.body('made-{n}'),
          holds: '"__typename":"DeviceCreateSuccess"',
          span: effort.span,
        })),
      );
      const rows = compare('create with its event', contenders, await interleave(contenders, effort));
      return { rows, counts: [] };
    } finally {
      await byHand.stop();
    }
  },
};

/** Both make their ids themselves. */
const withoutIds = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value) => (key === 'id' ? typeof value : value)));
