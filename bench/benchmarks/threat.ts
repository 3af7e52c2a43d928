import { attackObjects } from '../../test/support/attack.ts';
import { run } from '../harness/database.ts';
import { type Loader, underLoad } from '../harness/load.ts';
import { type BenchProcess, startProcess } from '../harness/process.ts';
import { compare, type Row } from '../harness/report.ts';
import { type Contender, interleave } from '../harness/rounds.ts';
import { idOf, madeObjects, rare } from '../servers/stix.ts';
import type { Benchmark, Effort } from './suite.ts';

const mediaType = 'application/taxii+json;version=2.1';
const small = 10_000;
const page = 100;

interface Place {
  readonly server: BenchProcess<string>;
  readonly loader: Loader;
  readonly effort: Effort;
}

/**
 * What size costs: Gatehouse beside itself, through the door of TAXII 2.1. With every object come its event, and the
 * values of its pattern.
 */
export const threat: Benchmark = {
  name: 'threat',
  data: 'made',
  async run({ loader, effort, databases }) {
    const url = await databases.create('threat');
    const server = await startProcess<string>('servers/threat.ts', { url });
    const place = { server, loader, effort };
    try {
      const large = await server.ask<string>('open', 'large');
      const few = await server.ask<string>('open', 'small');
      await server.ask('fill', { alias: 'small', count: Math.min(small, effort.objects) });
      const held = await server.ask<number>('fill', { alias: 'large', count: effort.objects });
      await run(url, 'VACUUM ANALYZE');
      const rows = [...(await readings(place, large, few)), ...(await additions(place, large))];
      const counts = [
        { what: 'objects in the large collection', value: effort.objects },
        { what: 'MiB above idle at most while they were added', value: Math.ceil(held / 2 ** 20) },
      ].map((count) => ({ benchmark: 'TAXII 2.1', ...count }));
      return { rows, counts };
    } finally {
      await server.stop();
    }
  },
};

/** Each question beside one that ought to cost the same. */
async function readings(place: Place, large: string, few: string): Promise<Row[]> {
  const end = await place.server.ask<string>('nearEnd', { alias: 'large', left: page });
  const first = `objects/?limit=${page}`;
  const pairs: readonly (readonly [benchmark: string, path: string, beside: string, other: string])[] = [
    ['last page of 100', `${large}${first}&next=${end}`, 'the first page', large + first],
    ['first page of 100', large + first, `the same of ${small} objects`, few + first],
    ['first page of a manifest', `${large}manifest/?limit=${page}`, `of ${small}`, `${few}manifest/?limit=${page}`],
    ['a rare type', `${large}${first}&match[type]=${rare.type}`, 'the first page', large + first],
    [
      'a rare specification',
      `${large}${first}&match[spec_version]=${rare.specVersion}`,
      'the first page',
      large + first,
    ],
    ['first and last versions', `${large}${first}&match[version]=first,last`, 'the last versions', large + first],
    ['one object', `${large}objects/${idOf(7)}/`, `of ${small}`, `${few}objects/${idOf(7)}/`],
  ];
  const rows: Row[] = [];
  for (const [benchmark, path, beside, other] of pairs) {
    const contenders = [await reader(place, benchmark, path), await reader(place, beside, other)];
    rows.push(...compare(`TAXII 2.1: ${benchmark}`, contenders, await interleave(contenders, place.effort)));
  }
  return rows;
}

async function reader({ server, loader, effort }: Place, name: string, path: string): Promise<Contender> {
  const url = `${server.ready}${path}`;
  const headers = { accept: mediaType };
  const response = await fetch(url, { headers });
  const answer = await response.text();
  const { objects } = JSON.parse(answer) as { objects?: readonly unknown[] };
  if (response.status !== 200 || !objects?.length) throw new Error(`${url} answered ${answer.slice(0, 600)}`);
  return underLoad(name, server, loader, () => ({ url, headers, span: effort.span, answer }));
}

/** Objects in one request of those that add. */
const envelope = 1000;
/** Objects that are added one by one. */
const single = 100;

async function additions(place: Place, large: string): Promise<Row[]> {
  const { server, effort } = place;
  let made = effort.objects;
  let opened = 0;
  const fresh = () => {
    opened += 1;
    return server.ask<string>('open', `fresh-${opened}`);
  };
  const next = () => {
    made += envelope;
    return [madeObjects(made, envelope)];
  };
  const attack = attackObjects();
  const pairs = [
    [
      'add 1,000 objects',
      adder(server, 'to the large collection', async () => ({ path: large, envelopes: next() })),
      adder(server, 'to an empty collection', async () => ({ path: await fresh(), envelopes: next() })),
    ],
    [
      'add ATT&CK for ICS in one envelope',
      adder(server, 'in one envelope', async () => ({ path: await fresh(), envelopes: [attack] })),
      adder(server, 'one by one', async () => ({
        path: await fresh(),
        envelopes: attack.slice(0, single).map((object) => [object]),
      })),
    ],
  ] as const;
  const rows: Row[] = [];
  for (const [benchmark, ...contenders] of pairs)
    rows.push(...compare(`TAXII 2.1: ${benchmark}`, contenders, await interleave(contenders, effort)));
  return rows;
}

interface Addition {
  readonly path: string;
  readonly envelopes: readonly (readonly object[])[];
}

/** Adds envelopes one after the other; its rate is in objects. */
const adder = (server: BenchProcess<string>, name: string, prepare: () => Promise<Addition>): Contender => ({
  name,
  async measure() {
    const { path, envelopes } = await prepare();
    const bodies = envelopes.map((objects) => JSON.stringify({ objects }));
    const count = envelopes.reduce((sum, { length }) => sum + length, 0);
    const before = await server.cpu();
    const begun = performance.now();
    for (const [at, body] of bodies.entries())
      await post(`${server.ready}${path}objects/`, body, envelopes[at]?.length);
    const seconds = (performance.now() - begun) / 1000;
    return { rate: count / seconds, cpu: ((await server.cpu()) - before) / count };
  },
});

async function post(url: string, body: string, count: number | undefined): Promise<void> {
  const headers = { 'content-type': mediaType, accept: mediaType };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  const { status, success_count: added } = JSON.parse(text) as { status?: string; success_count?: number };
  if (status !== 'complete' || added !== count) throw new Error(`${url} answered ${text.slice(0, 600)}`);
}
