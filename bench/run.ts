/**
 * Measures Gatehouse beside its peers: `npm run bench -- --help`.
 *
 * Exit codes: 0 done, 1 an answer was different or missing, 2 wrong usage or something that is needed is not there.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Published, published } from '../test/support/inventory.ts';
import { create } from './benchmarks/create.ts';
import { credentials } from './benchmarks/credentials.ts';
import { fanOut } from './benchmarks/fan-out.ts';
import { hello } from './benchmarks/hello.ts';
import { jobs } from './benchmarks/jobs.ts';
import { network } from './benchmarks/network.ts';
import { reads } from './benchmarks/reads.ts';
import type { Benchmark, Effort, Stage } from './benchmarks/suite.ts';
import { threat } from './benchmarks/threat.ts';
import { run, startDatabases } from './harness/database.ts';
import { startLoader } from './harness/load.ts';
import { type BenchProcess, startProcess } from './harness/process.ts';
import { type Results, table } from './harness/report.ts';
import type { Amounts } from './servers/fill.ts';

const benchmarks: readonly Benchmark[] = [hello, credentials, reads, create, fanOut, network, threat, jobs];

const help = `npm run bench -- [options]

Measures Gatehouse beside its peers and prints ratios.

  --only <names>    ${benchmarks.map(({ name }) => name).join(', ')}; all unless said
  --rounds <n>      how often each one is measured (9)
  --seconds <n>     of load on each one in each round (4)
  --objects <n>     in the large collection of threat (1000000)
  --smoke           everything once, quickly: shows that all of it works, and that all answers agree
  --json            prints the results as JSON
  --profile <dir>   writes a profile of Gatehouse for each benchmark there: see bench/profile.ts
  --help            prints this

The peers are installed by: npm --prefix bench ci`;

interface Settings extends Size {
  readonly chosen: readonly Benchmark[];
  readonly json: boolean;
  readonly profile: string | undefined;
}

interface Size {
  readonly effort: Effort;
  readonly amounts: Amounts;
  /** The lists of prefixes beside the export. */
  readonly lists: readonly Published[];
}

const full: Size = {
  effort: { rounds: 9, warmUp: 1, span: { seconds: 4 }, burst: 100, steps: 50, objects: 1_000_000 },
  amounts: { sites: 20, devicesPerSite: 500, networksPerLevel: 20 },
  lists: published,
};
const smoke: Size = {
  effort: { rounds: 1, warmUp: 0, span: { requests: 64 }, burst: 10, steps: 5, objects: 2000 },
  amounts: { sites: 20, devicesPerSite: 20, networksPerLevel: 4 },
  lists: ['prefixes-ipv6.txt'],
};

function settings(): Settings | 'help' {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      objects: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const size = values.smoke ? smoke : full;
  const names = values.only?.split(',').map((name) => name.trim());
  const unknown = names?.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}.`);
  return {
    chosen: benchmarks.filter(({ name }) => names?.includes(name) ?? true),
    ...size,
    effort: {
      ...size.effort,
      ...(values.rounds !== undefined && { rounds: positive('rounds', values.rounds) }),
      ...(values.seconds !== undefined && { span: { seconds: positive('seconds', values.seconds) } }),
      ...(values.objects !== undefined && { objects: positive('objects', values.objects) }),
    },
    json: values.json,
    profile: values.profile,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0.`);
  return value;
}

/** Rejects when somebody wants this to end, so that what was started is ended too. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => reject(new Error(`Stopped by ${signal}.`)));
});
interrupted.catch(() => undefined);

async function measure({ chosen, effort, amounts, lists, profile }: Settings): Promise<Results> {
  const ends: (() => Promise<void>)[] = [];
  const later = <T extends { stop(): Promise<void> }>(started: T): T => {
    ends.push(() => started.stop());
    return started;
  };
  const fill = {
    made: (gatehouse: BenchProcess<string>) => gatehouse.ask('fill', amounts),
    inventory: (gatehouse: BenchProcess<string>) => gatehouse.ask('loadInventory', lists),
  };
  try {
    const databases = later(await startDatabases());
    const loader = later(await startLoader());
    const stages = new Map<Benchmark['data'], Stage>();
    const prepare = async (data: Benchmark['data']): Promise<Stage> => {
      const url = await databases.create(data);
      const gatehouse = later(await startProcess<string>('servers/gatehouse.ts', { url }));
      await gatehouse.ask('letAnybodyIn');
      await fill[data](gatehouse);
      await run(url, 'VACUUM ANALYZE');
      const byHand = later(await startProcess<string>('servers/by-hand.ts', { url }));
      return { effort, databases, loader, gatehouse, byHand, url };
    };
    const results: Results[] = [];
    for (const { name, data, ...benchmark } of chosen) {
      process.stderr.write(`${name} …\n`);
      const stage = stages.get(data) ?? (await Promise.race([prepare(data), interrupted]));
      stages.set(data, stage);
      const { gatehouse } = stage;
      if (profile !== undefined) await gatehouse.ask('profile');
      results.push(await Promise.race([benchmark.run(stage), interrupted]));
      if (profile !== undefined) await gatehouse.ask('endProfile', resolve(profile, `${name}.cpuprofile`));
    }
    return { rows: results.flatMap(({ rows }) => rows), counts: results.flatMap(({ counts }) => counts) };
  } finally {
    for (const end of ends.reverse()) await end().catch((error) => console.error(error));
  }
}

function readSettings(): Settings {
  try {
    const read = settings();
    if (read !== 'help') {
      if (existsSync(new URL('./node_modules', import.meta.url))) return read;
      throw new Error('The peers are not installed: npm --prefix bench ci');
    }
    console.log(help);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(2);
  }
}

const chosen = readSettings();
try {
  const results = await measure(chosen);
  console.log(chosen.json ? JSON.stringify(results, null, 2) : table(results));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
