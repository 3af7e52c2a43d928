import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway, roomSections } from '#gateway';
import { configKeys } from '#kernel/config-keys.ts';
import { makePlan } from '#plugins/configure.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { type Issuer, openIssuer } from './support/issuer.ts';
import { type Block, sectionsOf, shownPattern, titled, writeFiles } from './support/markdown.ts';
import { Reader } from './support/reader.ts';
import { scratchFolder } from './support/scratch.ts';

const page = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'identity.md');
const sections = await sectionsOf(page);
const blocks = sections.flatMap((section) => section.blocks);
const mails: string[] = [];
const post = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _, done) {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    stream.on('end', () => {
      mails.push(text);
      done();
    });
  },
});
const login = { adminPassword: 'correct horse battery' };
let folder: string;
let gateway: Gateway;
let issuer: Issuer;
let reader: Reader;

beforeAll(async () => {
  folder = scratchFolder('identity-guide');
  await writeFiles(
    blocks.filter(({ title }) => title !== 'mail'),
    folder,
  );
  issuer = await openIssuer();
  await new Promise<void>((resolve) => void post.listen(0, '127.0.0.1', resolve));
  const shown = titled(blocks, 'gatehouse.config.json')
    .replace('smtp://localhost:1025', `smtp://127.0.0.1:${(post.server.address() as AddressInfo).port}`)
    .replace('https://id.example.org/keys', issuer.rules.jwksUri);
  gateway = await createGateway({
    folder,
    config: {
      ...JSON.parse(shown),
      dataDir: 'memory://identity-guide',
      accounts: login,
      http: { port: 0, host: '127.0.0.1' },
      log: { level: 'silent' },
    },
  });
  reader = new Reader(await gateway.listen(), folder);
  const claims = { sub: 'pat-1', email: 'pat@example.org', email_verified: true, groups: ['netops', 'others'] };
  reader.means('eyJ…', await issuer.sign(claims, 600));
});
afterAll(async () => {
  reader.close();
  await gateway.dispose();
  issuer.close();
  post.close();
  await rm(folder, { recursive: true });
});

/** Reads the next mail, and what follows with the token of it. */
async function follow(blocks: readonly Block[]): Promise<void> {
  const mail = blocks.findIndex(({ title }) => title === 'mail');
  if (mail < 0) return reader.follow(blocks);
  const before = mails.length;
  await reader.follow(blocks.slice(0, mail));
  await expect.poll(() => mails.length, { timeout: 10_000 }).toBe(before + 1);
  const text = (mails.at(-1) ?? '').replaceAll('\r\n', '\n').replaceAll('=\n', '');
  const [head = '', body = ''] = text.split(/\n\n([\s\S]*)/);
  const headers = head
    .split('\n')
    .filter((line) => /^(To|Subject):/.test(line))
    .sort()
    .reverse();
  expect(`${headers.join('\n')}\n\n${body}`.trim()).toMatch(shownPattern(blocks[mail]?.text ?? ''));
  reader.means('gr_…', /gr_[\w-]{43}/.exec(body)?.[0] ?? '');
  await follow(blocks.slice(mail + 1));
}

describe('the guide of identity', () => {
  test.each(sections.filter(({ title, blocks }) => title !== '' && blocks.length > 0))(
    'is right about: $title',
    { timeout: 60_000 },
    ({ blocks }) => follow(blocks),
  );

  test('declares an account that is made at the start', async () => {
    const { robot } = await import(pathToFileURL(join(folder, 'robot.ts')).href);
    const own = await createGateway({
      config: {
        plugins: ['default', '!storage-prisma', 'storage-memory', robot],
        dataDir: 'memory://identity-guide-robot',
        accounts: login,
        log: { level: 'silent' },
      },
    });
    expect(await findAccount(own.context(), { name: 'night-robot' })).toMatchObject({
      kind: 'SERVICE',
      isActive: true,
    });
    await own.dispose();
  });

  test('names keys of the config with the defaults that they have', async () => {
    const { sections } = await makePlan({ folder, environment: {}, sections: roomSections });
    const defaults = new Map(configKeys(sections).map((key) => [key.path, JSON.stringify(key.default)]));
    const rows = [...(await readFile(page, 'utf8')).matchAll(/^\| `(auth\.[\w.]+)` \| `(.+?)` \|/gm)];
    expect(rows).toHaveLength(10);
    for (const [, path = '', shown] of rows) expect(defaults.get(path), path).toBe(shown);
  });
});
