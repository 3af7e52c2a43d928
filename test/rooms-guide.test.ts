import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { sectionsOf } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'rooms.md');
const sections = await sectionsOf(page);
let folder: string;
let gateway: Gateway;
let reader: Reader;

beforeAll(async () => {
  folder = scratchFolder('rooms-guide');
  gateway = await createGateway({
    folder,
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory'],
      dataDir: 'memory://rooms-guide',
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

describe('the guide of the shared rooms', () => {
  test.each(sections.filter(({ blocks }) => blocks.length > 0))(
    'is right about: $title',
    { timeout: 60_000 },
    ({ blocks }) => reader.follow(blocks),
  );

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
