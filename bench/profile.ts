/**
 * Where the time of a profile went: `node bench/profile.ts <file>.cpuprofile [lines]`. One line for each place, by the
 * time spent in it and not in what it calls; then the same by file, and by package.
 */
import { readFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const [file = '', lines = '40'] = process.argv.slice(2);
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;

const byId = new Map(nodes.map((node) => [node.id, node]));
const busy = ({ callFrame }: ProfileNode) => !['(idle)', '(program)', '(root)'].includes(callFrame.functionName);
const place = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode) =>
  `${shortPath(url) || 'native'}:${lineNumber + 1} ${functionName || '(anonymous)'}`;

function shortPath(url: string): string {
  const path = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
  return path.replace(/^.*node_modules\//, '');
}

function room(node: ProfileNode): string {
  const path = node.callFrame.url.replace(/^file:\/\//, '');
  const inside = path.split('node_modules/').at(-1) ?? '';
  if (path.includes('node_modules/'))
    return inside
      .split('/')
      .slice(0, inside.startsWith('@') ? 2 : 1)
      .join('/');
  if (path.startsWith('node:')) return 'node';
  if (path === '') return node.callFrame.functionName === '(garbage collector)' ? 'garbage collector' : 'native';
  return shortPath(path).split('/').slice(0, 3).join('/');
}

function spent(name: (node: ProfileNode) => string): [string, number][] {
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (!node || !busy(node)) continue;
    times.set(name(node), (times.get(name(node)) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return [...times].sort(([, one], [, other]) => other - one);
}

function print(title: string, times: readonly [string, number][], count: number): void {
  const whole = times.reduce((sum, [, time]) => sum + time, 0);
  console.log(`\n${title}`);
  for (const [name, time] of times.slice(0, count))
    console.log(`${((100 * time) / whole).toFixed(1).padStart(6)} %  ${name}`);
}

print('by room', spent(room), 25);
print('by place', spent(place), Number(lines));
