import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway, roomSections } from '#gateway';
import { configKeys } from '#kernel/config-keys.ts';
import { makePlan } from '#plugins/configure.ts';
import { fieldsOf } from '#resolvers/network/imports/fields.ts';
import { compile } from './support/compile.ts';
import { sectionsOf, titled, writeFiles } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'network.md');
const sections = await sectionsOf(page);
const blocks = sections.flatMap((section) => section.blocks);
let folder: string;
let gateway: Gateway;
let reader: Reader;

beforeAll(async () => {
  folder = scratchFolder('network-guide');
  await writeFiles(blocks, folder);
  gateway = await createGateway({
    folder,
    config: {
      ...JSON.parse(titled(blocks, 'gatehouse.config.json')),
      dataDir: 'memory://network-guide',
      accounts: { adminPassword: 'correct horse battery' },
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
  reader = new Reader(await gateway.listen(), folder);
});
afterAll(async () => {
  reader.close();
  await gateway.dispose();
  await rm(folder, { recursive: true });
});

describe('the guide of the network', () => {
  test.each(sections.filter(({ blocks }) => blocks.length > 0))(
    'is right about: $title',
    {
      timeout: 60_000,
    },
    ({ blocks }) => reader.follow(blocks),
  );

  test('has code that the compiler accepts', { timeout: 240_000 }, async () => {
    expect(await compile(folder)).toBe('');
  });

  test('names keys of the config with the defaults that they have', async () => {
    const { sections } = await makePlan({ folder, environment: {}, sections: roomSections });
    const defaults = new Map(configKeys(sections).map((key) => [key.path, JSON.stringify(key.default)]));
    const rows = [...(await readFile(page, 'utf8')).matchAll(/^\| `(network\.[\w.]+)` \| `(.+?)` \|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, path = '', shown] of rows) expect(defaults.get(path), path).toBe(shown);
  });

  test('names every kind of rows with its fields', async () => {
    const text = await readFile(page, 'utf8');
    const [, table = ''] = text.split('| kind | fields of a row |\n|---|---|\n');
    const rows = [
      ...table
        .split('\n\n', 1)
        .join()
        .matchAll(/^\| `(\w+)` \| (.+) \|$/gm),
    ];
    const shown = rows.map(([, kind = '', fields = '']) => [
      kind.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
      [...fields.matchAll(/`([\w.]+)`/g)].map(([, field]) => field),
    ]);
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries(Object.entries(fieldsOf).map(([kind, fields]) => [kind, Object.keys(fields)])),
    );
  });

  test('links to its own sections', async () => {
    const text = await readFile(page, 'utf8');
    const links = [...text.matchAll(/^- \[(.+?)\]\(#(.+?)\)$/gm)];
    const titles = sections.map(({ title }) => title).filter(Boolean);
    expect(links.map(([, title]) => title)).toEqual(titles);
    expect(links.map(([, , anchor]) => anchor)).toEqual(
      titles.map((title) => title.toLowerCase().replaceAll(' ', '-')),
    );
  });
});
