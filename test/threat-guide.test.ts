import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway, roomSections } from '#gateway';
import { configKeys } from '#kernel/config-keys.ts';
import { makePlan } from '#plugins/configure.ts';
import { compile } from './support/compile.ts';
import { sectionsOf, titled, writeFiles } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'threat.md');
const sections = await sectionsOf(page);
const blocks = sections.flatMap((section) => section.blocks);
let folder: string;
let gateway: Gateway;
let reader: Reader;

const quiet = {
  accounts: { adminPassword: 'correct horse battery' },
  http: { port: 0 },
  log: { level: 'silent' },
};

beforeAll(async () => {
  folder = scratchFolder('threat-guide');
  await writeFiles(blocks, folder);
  gateway = await createGateway({ folder, config: { dataDir: 'memory://threat-guide', ...quiet } });
  reader = new Reader(await gateway.listen(), folder);
}, 60_000);
afterAll(async () => {
  reader.close();
  await gateway.dispose();
  await rm(folder, { recursive: true });
});

describe('the guide of threat intelligence', () => {
  test.each(sections.filter(({ blocks }) => blocks.length > 0))(
    'is right about: $title',
    { timeout: 60_000 },
    ({ blocks }) => reader.follow(blocks),
  );

  test('has code that the compiler accepts', { timeout: 240_000 }, async () => {
    expect(await compile(folder)).toBe('');
  });

  test('has rules of the house that a gateway starts with', { timeout: 60_000 }, async () => {
    const config = JSON.parse(titled(blocks, 'house-rules.config.json'));
    const other = await createGateway({ folder, config: { ...config, dataDir: 'memory://house-rules', ...quiet } });
    try {
      const add = async (document: string) => (await other.execute({ document })).data;
      await add(`mutation {
        taxiiApiRootCreate(input: { title: "Trust", slug: "trust" }) { __typename }
        taxiiCollectionCreate(input: { apiRoot: { slug: "trust" }, title: "Feed", alias: "feed" }) { __typename }
      }`);
      const id = 'indicator--5e113376-8a13-432d-b711-92f566ebbd92';
      expect(
        await add(`mutation { stixObjectsAdd(input: {
          collection: { alias: { apiRoot: { slug: "trust" }, alias: "feed" } }, objects: [{ type: "indicator", id: "${id}" }]
        }) { ... on StixObjectsAddSuccess { status { failures { nodes { message } } } } } }`),
      ).toEqual({
        stixObjectsAdd: { status: { failures: { nodes: [{ message: 'No values for required properties: name' }] } } },
      });
    } finally {
      await other.dispose();
    }
  });

  test('names keys of the config with the defaults that they have', async () => {
    const { sections } = await makePlan({ folder, environment: {}, sections: roomSections });
    const defaults = new Map(configKeys(sections).map((key) => [key.path, JSON.stringify(key.default)]));
    const rows = [...(await readFile(page, 'utf8')).matchAll(/^\| `((?:threat|taxii)\.[\w.]+)` \| `(.+?)` \|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, path = '', shown] of rows) expect(defaults.get(path), path).toBe(shown);
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
