/**
 * Makes the package that can be published: JavaScript with declarations, in dist/package or the folder that is named.
 *
 *     npm run build && npm publish dist/package
 *
 * Node runs TypeScript everywhere but in node_modules. So a clone needs no build, and a package does.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = resolve(process.argv[2] ?? join(root, 'dist', 'package'));

rmSync(out, { recursive: true, force: true });
compile();
for (const path of ['prisma/migrations', 'docs', 'examples', 'schema.graphql', 'README.md', 'CHANGELOG.md', 'LICENSE'])
  cpSync(join(root, path), join(out, path), { recursive: true });
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
console.log(`The package is in ${out}.`);

function compile(): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const { stdout, error } = spawnSync(
    tsc,
    ['-p', join(root, 'tsconfig.build.json'), '--outDir', out, '--pretty', 'false'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    },
  );
  if (error) throw error;
  // The endings of `#…` imports stay as they are: the package's own `imports` lead them to JavaScript.
  const faults = stdout.split('\n').filter((line) => line !== '' && !line.includes('error TS2877'));
  if (faults.length > 0) throw new Error(`The sources do not compile:\n${faults.join('\n')}`);
}

type Manifest = Record<string, unknown> & {
  readonly [Key in 'imports' | 'exports' | 'bin']: Record<string, string>;
} & {
  readonly dependencies: Record<string, string>;
};

/** The manifest of the clone without what only a clone needs, with its TypeScript led to JavaScript. */
function manifest(): object {
  const {
    scripts: _scripts,
    devDependencies: _devDependencies,
    allowScripts: _allowScripts,
    private: _private,
    ...kept
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const { node: _node, ...dependencies } = kept.dependencies;
  const both = (target: string) =>
    target.endsWith('.ts')
      ? { types: target.replace(/\.ts$/, '.d.ts'), default: target.replace(/\.ts$/, '.js') }
      : target;
  const map = (entries: Record<string, string>, change: (entry: [string, string]) => [string, unknown]) =>
    Object.fromEntries(Object.entries(entries).map(change));
  return {
    ...kept,
    // What the clone installs for itself.
    engines: { node: '>=24' },
    dependencies,
    peerDependencies: { vitest: '>=4' },
    peerDependenciesMeta: { vitest: { optional: true } },
    bin: map(kept.bin, ([name, target]) => [name, target.replace(/\.ts$/, '.js')]),
    // `#kernel/*` leads to files whatever their ending: here each ending is named.
    imports: map(kept.imports, ([name, target]) =>
      name.endsWith('*') ? [`${name}.ts`, both(`${target}.ts`)] : [name, both(target)],
    ),
    exports: map(kept.exports, ([name, target]) => [name, both(target)]),
  };
}
