import { inventorySites } from '../../test/support/inventory.ts';
import { expectSame } from '../harness/answers.ts';
import { run } from '../harness/database.ts';
import { ask, type Load, type Loader, underLoad } from '../harness/load.ts';
import { type BenchProcess, startProcess } from '../harness/process.ts';
import { compare, type Row } from '../harness/report.ts';
import { interleave } from '../harness/rounds.ts';
import type { Benchmark, Effort } from './suite.ts';

/** One question, as each of the two is asked it by its own means. */
interface Question {
  readonly benchmark: string;
  readonly gatehouse: string;
  readonly postgraphile: string;
}

const inside = '10.112.130.77/32';

const questions: readonly Question[] = [
  {
    benchmark: 'inventory: list of 100 networks',
    gatehouse: '{ networks(first: 100) { nodes { id cidr state } } }',
    postgraphile: '{ networks: allNetworks(first: 100) { nodes { id cidr state } } }',
  },
  {
    benchmark: 'inventory: devices, interfaces, addresses, networks, parents',
    gatehouse: `{ devices(first: 10) { nodes { id hostname interfaces(first: 10) { nodes { id name
      addresses(first: 5) { nodes { id cidr parent { id cidr parent { id cidr } } } }
    } } } } }`,
    postgraphile: `{ devices: allDevices(first: 10) { nodes { id hostname interfaces(first: 10) { nodes { id name
      assignments(first: 5) { nodes { address { id cidr parent { id cidr parent { id cidr } } } } }
    } } } } }`,
  },
  {
    benchmark: 'inventory: closest parent',
    gatehouse: `{ closestParent(site: { name: "${inventorySites.netbox}" }, cidr: "${inside}") { id cidr state } }`,
    postgraphile: `{ closestParent(inSite: "${inventorySites.netbox}", prefix: "${inside}") { id cidr state } }`,
  },
];

/** How PostGraphile is given a look-up that is no equality: by a function in the database. */
const closestParent = `
  CREATE FUNCTION closest_parent(in_site text, prefix inet) RETURNS network LANGUAGE sql STABLE AS $$
    SELECT n.* FROM network AS n
    WHERE n.site_id = (SELECT id FROM site WHERE name = in_site) AND n.cidr >> prefix
    ORDER BY masklen(n.cidr) DESC LIMIT 1
  $$`;

/** A real inventory, on the same tables of the same database. */
export const network: Benchmark = {
  name: 'network',
  data: 'inventory',
  async run({ gatehouse, loader, effort, url }) {
    await run(url, closestParent);
    const postgraphile = await startProcess<string>('peers/postgraphile.ts', { url });
    const both = { gatehouse, postgraphile, loader, effort };
    try {
      const rows: Row[] = [];
      for (const question of questions) rows.push(...(await compareAnswers(both, question)));
      rows.push(...(await compareCreation(both)));
      return { rows, counts: [] };
    } finally {
      await postgraphile.stop();
    }
  },
};

interface Both {
  readonly gatehouse: BenchProcess<string>;
  readonly postgraphile: BenchProcess<string>;
  readonly loader: Loader;
  readonly effort: Effort;
}

async function compareAnswers(both: Both, question: Question): Promise<Row[]> {
  const [ours, theirs] = [
    JSON.stringify({ query: question.gatehouse }),
    JSON.stringify({ query: question.postgraphile }),
  ];
  const { our, their } = placesOf(both);
  const [mine, other] = [await ask(our, ours), await ask(their, theirs)];
  expectSame(question.benchmark, mine.data, inOurForm(other.data));
  return measure(both, question.benchmark, { body: ours, answer: mine.text }, { body: theirs, answer: other.text });
}

const placesOf = ({ gatehouse, postgraphile }: Both) => ({
  our: `${gatehouse.ready}/graphql`,
  their: postgraphile.ready,
});

type Asked = Pick<Load, 'body' | 'answer' | 'holds'>;

async function measure(both: Both, benchmark: string, ours: Asked, theirs: Asked): Promise<Row[]> {
  const { gatehouse, postgraphile, loader, effort } = both;
  const { our, their } = placesOf(both);
  const { span } = effort;
  const contenders = [
    underLoad('Gatehouse', gatehouse, loader, () => ({ url: our, span, ...ours })),
    underLoad('PostGraphile 5', postgraphile, loader, () => ({ url: their, span, ...theirs })),
  ];
  return compare(benchmark, contenders, await interleave(contenders, effort));
}

/** PostGraphile puts the row of the assignment between, and writes an address as the database does, without a length. */
function inOurForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOurForm);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      if (key === 'assignments') {
        const { nodes } = part as { nodes: readonly { address: unknown }[] };
        return ['addresses', { nodes: nodes.map(({ address }) => inOurForm(address)) }];
      }
      if (key === 'cidr' && !String(part).includes('/'))
        return [key, `${part}/${String(part).includes(':') ? 128 : 32}`];
      return [key, inOurForm(part)];
    }),
  );
}

/**
 * A device. Gatehouse checks rights, holds the Site, inserts and appends the event; PostGraphile inserts the row that it
 * is given and has no events.
 */
async function compareCreation(both: Both): Promise<Row[]> {
  const { our, their } = placesOf(both);
  const site = { name: inventorySites.netbox };
  const query = `{ allSites(condition: { name: "${site.name}" }) { nodes { rowId } } }`;
  const { data } = await ask(their, JSON.stringify({ query }));
  const siteId = (data as { allSites: { nodes: { rowId: string }[] } }).allSites.nodes[0]?.rowId;
  const now = new Date().toISOString();
  const ours = JSON.stringify({
    query: `mutation ($input: DeviceCreateInput!) {
      deviceCreate(input: $input) { __typename ... on DeviceCreateSuccess { device { id hostname } } }
    }`,
    variables: { input: { site, hostname: 'made-{n}' } },
  });
  const rowId = 'ffffffff-ffff-7fff-bfff-{n}';
  const theirs = JSON.stringify({
    query: 'mutation ($input: CreateDeviceInput!) { createDevice(input: $input) { device { id hostname } } }',
    variables: { input: { device: { rowId, siteId, hostname: 'row-{n}', createdAt: now, updatedAt: now } } },
  });
  await ask(our, ours.replaceAll('{n}', 'first'));
  await ask(their, theirs.replaceAll('{n}', '0'.repeat(12)));
  return measure(
    both,
    'inventory: create a device',
    { body: ours, holds: '"__typename":"DeviceCreateSuccess"' },
    { body: theirs, holds: '"hostname":"row-' },
  );
}
