import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGateway } from '#gateway';
import { secretBox } from '#kernel/secret-box.ts';
import { storageFacts } from '#kernel/storage.ts';
import { anonymousViewer, authenticator } from '#kernel/viewer.ts';
import { definePlugin } from '#plugins/define.ts';
import { createSecretBox } from '#plugins/secret-box/box.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { ownSecret, randomSecret, secretFault } from '#plugins/secret-box/secret.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';

const [present, former] = [randomSecret(), randomSecret()];
const box = createSecretBox([present]);

describe('a box', () => {
  test('opens what it sealed, whatever the text and the purpose', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, purpose) => {
        const plain = text.toWellFormed();
        const sealed = box.seal(plain, purpose);
        expect(sealed).toMatch(/^v1(\.[\w-]+){3}$/);
        expect(box.open(sealed, purpose)).toBe(plain);
      }),
    );
  });

  test('seals the same text in another way each time, and shows nothing of it', () => {
    const [one, other] = [box.seal('hunter2', 'a'), box.seal('hunter2', 'a')];
    expect(one).not.toBe(other);
    expect(Buffer.from(one.split('.').at(-1) ?? '', 'base64url').toString('latin1')).not.toContain('hunter2');
  });

  test('refuses what was sealed for another purpose', () => {
    expect(() => box.open(box.seal('x', 'protocol/1'), 'protocol/2')).toThrow('sealed for another purpose');
  });

  test('refuses what was altered in any byte', () => {
    const sealed = box.seal('some text', 'a');
    const [version, key, nonce = '', body = ''] = sealed.split('.');
    const flip = (part: string, at: number) => {
      const bytes = Buffer.from(part, 'base64url');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64url');
    };
    for (let at = 0; at < Buffer.from(body, 'base64url').length; at += 1)
      expect(() => box.open([version, key, nonce, flip(body, at)].join('.'), 'a')).toThrow('was altered');
    expect(() => box.open([version, key, flip(nonce, 3), body].join('.'), 'a')).toThrow('was altered');
    for (const text of ['', 'hunter2', 'v2.a.b.c', sealed.slice(0, 30), `${sealed}.x`])
      expect(() => box.open(text, 'a')).toThrow('that should be sealed is not');
  });

  test('opens with earlier secrets, seals with the present one, and tells which it was', () => {
    const old = createSecretBox([former]).seal('x', 'a');
    const rotated = createSecretBox([present, former]);
    expect(rotated.open(old, 'a')).toBe('x');
    expect([rotated.isCurrent(old), rotated.isCurrent(rotated.seal('x', 'a'))]).toEqual([false, true]);
    expect(box.open(rotated.seal('y', 'a'), 'a')).toBe('y');
  });

  test('says what is missing when it has no key, or not the right one', () => {
    const sealed = createSecretBox([former]).seal('x', 'a');
    expect(() => box.open(sealed, 'a')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(() => box.open(sealed, 'a')).toThrow('previousSecrets');
    expect(() => createSecretBox([]).seal('x', 'a')).toThrow('GATEHOUSE_SECRET');
    expect(() => createSecretBox([]).open(sealed, 'a')).toThrow('GATEHOUSE_SECRET');
  });
});

test('refuses secrets that are short or look like samples', () => {
  expect(secretFault('x'.repeat(31))).toContain('shorter than 32 bytes');
  for (const sample of [
    'change-me-change-me-change-me-now',
    '0'.repeat(64),
    'abc123'.repeat(8),
    'my-example-secret-of-32-characters',
  ])
    expect(secretFault(sample), sample).toContain('sample');
  for (let count = 0; count < 100; count += 1) expect(secretFault(randomSecret())).toBeNull();
});

describe('the secret of a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const file = () => join(folder, 'secret');

  test('is made once, for its owner alone', () => {
    const secret = ownSecret(folder);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(Buffer.from(secret, 'base64')).toHaveLength(32);
    expect(ownSecret(folder)).toBe(secret);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  test('is refused when others may read it, or when it is none', () => {
    ownSecret(folder);
    chmodSync(file(), 0o640);
    expect(() => ownSecret(folder)).toThrow(`chmod 600 ${file()}`);
    writeFileSync(file(), 'short\n');
    expect(() => ownSecret(folder)).toThrow('shorter than 32 bytes');
  });
});

describe('a gateway', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const sharing = definePlugin({
    name: 'shared-storage',
    version: '1.0.0',
    description: 'Says that other processes work on the same rows.',
    provides: [storageFacts],
    setup({ provide }) {
      provide(storageFacts, { shared: true });
      return undefined;
    },
  });
  const nobody = definePlugin({
    name: 'nobody',
    version: '1.0.0',
    description: 'Knows nobody.',
    provides: [authenticator],
    setup({ provide }) {
      provide(authenticator, {
        challenges: [],
        affects: () => null,
        authenticate: async () => anonymousViewer(),
        refresh: async (viewer) => ({ viewer }),
      });
      return undefined;
    },
  });

  async function withBox<T>(
    config: object,
    work: (use: typeof box) => T,
    { plugins = [] as object[], environment = {} } = {},
  ): Promise<T> {
    const gateway = await createGateway({
      config: {
        plugins: [storageMemory, secretBoxPlugin, nobody, ...plugins],
        log: { level: 'silent' },
        dataDir: 'data',
        ...config,
      },
      folder,
      environment,
    });
    try {
      return work(gateway.context().use(secretBox));
    } finally {
      await gateway.dispose();
    }
  }

  test('keeps its own secret over restarts, and opens with it once another is set', async () => {
    const sealed = await withBox({}, (own) => own.seal('x', 'a'));
    expect(await withBox({}, (own) => own.open(sealed, 'a'))).toBe('x');
    const mine = readFileSync(join(folder, 'data', 'secret'), 'utf8').trim();
    const environment = { GATEHOUSE_SECRET: present, GATEHOUSE_PREVIOUS_SECRETS: `${former},${mine}` };
    expect(await withBox({}, (own) => [own.open(sealed, 'a'), own.isCurrent(sealed)], { environment })).toEqual([
      'x',
      false,
    ]);
  });

  test('writes no file when the secret is given, or when everything is in memory', async () => {
    await withBox({ secret: present }, (own) => own.seal('x', 'a'));
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
    await withBox({ dataDir: 'memory://a' }, (own) => own.open(own.seal('x', 'a'), 'a'));
  });

  test('makes no secret of its own where others share the storage, and says what to do', async () => {
    await expect(withBox({}, (own) => own.seal('x', 'a'), { plugins: [sharing] })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('GATEHOUSE_SECRET'),
    });
    expect(await withBox({ secret: present }, (own) => own.open(own.seal('x', 'a'), 'a'), { plugins: [sharing] })).toBe(
      'x',
    );
  });

  test('does not start with a bad secret, and does not show it', async () => {
    await expect(withBox({ secret: 'too short, hunter2', previousSecrets: ['0'.repeat(40)] }, () => 0)).rejects.toThrow(
      expect.objectContaining({
        faults: [
          { path: 'secret', message: expect.stringContaining('shorter than 32 bytes') },
          { path: 'previousSecrets.0', message: expect.stringContaining('sample') },
        ],
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });
});
