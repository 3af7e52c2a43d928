import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { compile } from './support/compile.ts';
import { sectionsOf, titled, writeFiles } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'events.md');
const sections = await sectionsOf(page);
const blocks = sections.flatMap((section) => section.blocks);
let folder: string;
let gateway: Gateway;
let reader: Reader;

beforeAll(async () => {
  folder = scratchFolder('events-guide');
  await writeFiles(blocks, folder);
  const config = JSON.parse(titled(blocks, 'gatehouse.config.json'));
  const [first, ...others] = config.plugins;
  gateway = await createGateway({
    folder,
    config: {
      ...config,
      plugins: [first, '!storage-prisma', 'storage-memory', ...others],
      dataDir: 'memory://events-guide',
      accounts: { adminPassword: 'correct horse battery' },
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
  reader = new Reader(await gateway.listen(), folder);
  gateway.work();
});
afterAll(async () => {
  reader.close();
  await gateway.dispose();
  await rm(folder, { recursive: true });
});

describe('the guide of events', () => {
  test.each(sections.filter(({ blocks }) => blocks.length > 0))(
    'is right about: $title',
    { timeout: 60_000 },
    ({ blocks }) => reader.follow(blocks),
  );

  test('has code that the compiler accepts', { timeout: 240_000 }, async () => {
    expect(await compile(folder)).toBe('');
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
