import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const files = (await readdir('examples', { recursive: true })).filter((name) => name.endsWith('.ts'));

async function importsOf(file: string): Promise<string[]> {
  const source = await readFile(join('examples', file), 'utf8');
  return [...source.matchAll(/(?:from|import|declare module)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');
}

test('examples import the package by its name, as plugins elsewhere do', async () => {
  expect(files.length).toBeGreaterThan(15);
  for (const file of files)
    for (const name of await importsOf(file)) {
      expect(name, file).not.toMatch(/^#/);
      // From examples/plugins/<name>/ two steps up would leave the examples.
      expect(name, file).not.toMatch(/^\.\.\/\.\.\//);
    }
});

test('the example of a noun knows nothing of the domain that it links to', async () => {
  const own = files.filter((file) => file.includes('noun-maintenance-window'));
  const names = (await Promise.all(own.map(importsOf))).flat();
  expect(names.filter((name) => /resolvers|plugins\/network|schema\/network/.test(name))).toEqual([]);
});

test('every example says what it is for', async () => {
  for (const name of await readdir('examples/plugins')) {
    const text = await readFile(join('examples/plugins', name, 'README.md'), 'utf8');
    expect(text).toMatch(new RegExp(`^# ${name}\n`));
  }
});
