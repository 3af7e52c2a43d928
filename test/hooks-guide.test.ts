import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { freePort } from './support/gateway-process.ts';
import { sectionsOf, titled } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'hooks.md');
/** The port of the page's receiver may be another's on this machine. */
const port = String(await freePort());
const sections = (await sectionsOf(page)).map((section) => ({
  ...section,
  blocks: section.blocks.map((block) => ({ ...block, text: block.text.replaceAll('8080', port) })),
}));
const blocks = sections.flatMap((section) => section.blocks);
let folder: string;
let gateway: Gateway;
let reader: Reader;

beforeAll(async () => {
  folder = scratchFolder('hooks-guide');
  await writeFile(join(folder, 'receiver.mjs'), titled(blocks, 'receiver.mjs'));
  gateway = await createGateway({
    folder,
    config: {
      ...JSON.parse(titled(blocks, 'gatehouse.config.json')),
      plugins: ['default', '!storage-prisma', 'storage-memory'],
      dataDir: 'memory://hooks-guide',
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

describe('the guide to hooks', () => {
  test.each(sections.filter((section) => section.blocks.length > 0))(
    'is right about: $title',
    { timeout: 60_000 },
    (section) => reader.follow(section.blocks),
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
