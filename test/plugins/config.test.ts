import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { roomSections } from '#gateway';
import { ConfigError, duration, group, keys, secret, size } from '#kernel/config.ts';
import { readConfigFile } from '#kernel/config-file.ts';
import { makePlan } from '#plugins/configure.ts';
import { definePlugin } from '#plugins/define.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const oven = definePlugin({
  name: 'oven',
  version: '1.0.0',
  description: 'Bakes.',
  config: keys({
    heat: z.number().int().max(300).default(180).describe('Degrees.'),
    time: duration().prefault('1h').describe('How long.'),
    room: size().prefault('1KiB').describe('How much goes in.'),
    code: secret(z.string()).optional().describe('Of the lock.'),
    racks: z.array(z.string()).default([]).describe('What lies where.'),
    light: group({ isOn: z.boolean().default(false).describe('Whether it is lit.') }),
  }),
});

const plan = (content: unknown, environment: Record<string, string> = {}) =>
  makePlan({
    content: { plugins: ['default', oven], ...(content as object) },
    folder,
    environment,
    sections: roomSections,
  });

async function faultsOf(work: Promise<unknown>): Promise<Record<string, string>> {
  const error = await work.then(() => null).catch((error: unknown) => error);
  if (!(error instanceof ConfigError)) throw new Error(`No ConfigError: ${error}`);
  return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
}

describe('a config', () => {
  test('is refused with every fault of every section at once, each with its path', async () => {
    const faults = await faultsOf(
      plan(
        {
          oven: { heat: 900, time: 'soon', light: { isOn: 'yes', colour: 'red' }, door: true },
          http: { port: 70_000, hots: '0.0.0.0' },
          auth: { throttle: { perPair: 0 } },
          storage: { poolSize: 'many' },
          ovens: {},
          log: { level: 'loud' },
        },
        { GATEHOUSE_OVEN_DOOR: '1' },
      ),
    );
    expect(faults).toMatchObject({
      'oven.time': '"soon" is no duration: give seconds, or a text such as 250ms, 30s, 15m, 8h or 30d.',
      'oven.door': 'is no key that a listed plugin knows.',
      'oven.light.colour': 'is no key that a listed plugin knows.',
      'http.hots': 'is no key that a listed plugin knows.',
      ovens: 'is no key that a listed plugin knows.',
      GATEHOUSE_OVEN_DOOR: 'is no key of this config.',
    });
    expect(Object.keys(faults).sort()).toEqual(
      [
        'GATEHOUSE_OVEN_DOOR',
        'auth.throttle.perPair',
        'http.hots',
        'http.port',
        'log.level',
        'oven.door',
        'oven.heat',
        'oven.light.colour',
        'oven.light.isOn',
        'oven.time',
        'ovens',
        'storage.poolSize',
      ].sort(),
    );
  });

  test('is refused where keys of a section contradict each other', async () => {
    const faults = await faultsOf(
      plan({ threat: { allowCustom: false, pageSize: 20, maxPageSize: 10, retention: { statuses: '23h' } } }),
    );
    expect(faults).toEqual({
      'threat.retention.statuses': 'is shorter than the 24h for which clients may ask.',
    });
    expect(await faultsOf(plan({ threat: { allowCustom: false, pageSize: 20, maxPageSize: 10 } }))).toEqual({
      'threat.allowCustom': 'is false only where threat.stixValidation is full.',
      'threat.pageSize': 'is more than threat.maxPageSize.',
    });
    const { config } = await plan({ threat: { allowCustom: false, stixValidation: 'full' } });
    expect(config.section('threat')).toMatchObject({ allowCustom: false });
  });

  test('says in one message what is wrong and where', async () => {
    const refused = plan({ oven: { heat: 900 }, http: { port: 'x' } });
    await expect(refused).rejects.toThrow(/^The config is not usable:\n {2}http\.port: .+\n {2}oven\.heat: .+$/);
  });

  test('is overridden by the environment, whose texts are read as the key wants them', async () => {
    const { config } = await plan(
      { oven: { heat: 100, time: 5 } },
      {
        GATEHOUSE_OVEN_HEAT: '220',
        GATEHOUSE_OVEN_TIME: '2m',
        GATEHOUSE_OVEN_ROOM: '2KiB',
        GATEHOUSE_OVEN_RACKS: 'cake, bread',
        GATEHOUSE_OVEN_LIGHT_IS_ON: 'true',
        GATEHOUSE_OVEN_CODE: '0042',
        PORT: '8080',
        DATABASE_URL: 'postgresql://here/db',
        HOME: '/root',
      },
    );
    expect(config.section('oven')).toEqual({
      heat: 220,
      time: 120_000,
      room: 2048,
      racks: ['cake', 'bread'],
      light: { isOn: true },
      code: '0042',
    });
    expect(config.section('http')).toMatchObject({ port: 8080 });
    expect(config.section('storage')).toMatchObject({ url: 'postgresql://here/db' });
  });

  test('refuses a bad value from the environment by the path of its key', async () => {
    expect(Object.keys(await faultsOf(plan({}, { PORT: 'none', GATEHOUSE_OVEN_HEAT: '1.5' })))).toEqual([
      'http.port',
      'oven.heat',
    ]);
  });

  test('is printed with its effective values, and without secrets', async () => {
    const { config } = await plan({ oven: { code: '0042' }, storage: { url: 'postgresql://user:pass@here/db' } });
    const printed = config.print();
    expect(printed.oven).toMatchObject({ heat: 180, code: '***', light: { isOn: false } });
    expect(printed.storage).toMatchObject({ url: '***', poolSize: 10 });
    expect(JSON.stringify(printed)).not.toMatch(/0042|pass@/);
  });

  test('is refused when it is no object', async () => {
    for (const content of [[], 'x', 7]) {
      const refused = makePlan({ content, folder, environment: {}, sections: roomSections });
      expect(await faultsOf(refused)).toEqual({ '': 'must be an object of sections.' });
    }
  });
});

describe('a config file', () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('is found by its usual names, TypeScript first, and may be missing', async () => {
    expect(await readConfigFile(undefined, join(folder, 'empty'))).toMatchObject({ path: null, content: {} });
    const json = write('gatehouse.config.json', '{ "http": { "port": 1 } }');
    expect(await readConfigFile(undefined, folder)).toEqual({ path: json, folder, content: { http: { port: 1 } } });
    const script = write('gatehouse.config.ts', 'const port: number = 2; export default { http: { port } };');
    expect(await readConfigFile(undefined, folder)).toEqual({ path: script, folder, content: { http: { port: 2 } } });
  });

  test('is refused when it is named and missing, or cannot be read, naming it and the reason', async () => {
    const refused = async (name: string) => (await faultsOf(readConfigFile(name, folder)))[''];
    expect(await refused('nowhere.json')).toMatch(/nowhere\.json cannot be read: ENOENT/);
    write('broken.json', '{ "http": ');
    expect(await refused('broken.json')).toMatch(/broken\.json cannot be read: .*JSON/);
    write('throws.ts', 'throw new Error("no such luck");');
    expect(await refused('throws.ts')).toMatch(/throws\.ts cannot be read: no such luck/);
    write('silent.ts', 'export const config = {};');
    expect(await refused('silent.ts')).toMatch(/silent\.ts cannot be read: it has no default export\. Write: /);
  });
});
