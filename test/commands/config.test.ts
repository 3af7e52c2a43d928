import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { makeSchema, roomSections } from '#gateway';
import { makePlan } from '#plugins/configure.ts';
import { newFolder, say } from './support.ts';

function folderWith(config: unknown): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'gatehouse.config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return folder;
}

describe('config', () => {
  test('prints the effective values, file and environment together, secrets masked', async () => {
    const folder = folderWith({ http: { port: 1234, host: '0.0.0.0' } });
    const environment = { PORT: '8080', DATABASE_URL: 'postgresql://user:hunter2@db/gatehouse' };
    const { json, out, exit } = await say('config print --json', { folder, environment });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ http: { port: 8080, host: '0.0.0.0' }, storage: { url: '***' } });
    expect(out).not.toContain('hunter2');
    const lines = (await say('config print', { folder, environment })).out;
    expect(lines).toMatch(/^http\.port +8080$/m);
    expect(lines).toMatch(/^network\.import\.maxRows +250000$/m);
    expect(lines).not.toContain('hunter2');
  });

  test('is checked for every fault at once, and nothing is started', async () => {
    const folder = folderWith({ http: { port: 'many', colour: 'red' }, netwrok: {}, log: { level: 'loud' } });
    const { exit, out, err } = await say('config check', { folder, environment: { GATEHOUSE_BOGUS: '1' } });
    expect([exit, out]).toEqual([1, '']);
    for (const place of ['http.port', 'http.colour', 'netwrok', 'log.level', 'GATEHOUSE_BOGUS'])
      expect(err).toContain(`  at ${place}\n`);
    expect(err.match(/Correct the config/g)).toHaveLength(1);
  });

  test('that is good says so, with the plugins', async () => {
    const folder = folderWith({ plugins: ['default', '!storage-prisma', 'storage-memory'] });
    const { exit, out } = await say('config check', { folder });
    expect(exit).toBe(0);
    expect(out).toMatch(/^.*gatehouse\.config\.json is good\. Plugins: .*storage-memory.*network.*\.\n$/);
  });

  test('is the file that is named, by option or environment, and a missing or broken one is told', async () => {
    const folder = folderWith('{"http": ');
    expect(await say('config check', { folder })).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^CONFIG: .*cannot be read/),
    });
    expect((await say('config check --config nowhere.json', { folder })).err).toMatch(
      /^CONFIG: .*nowhere\.json cannot be read/,
    );
    expect((await say('config check', { folder, environment: { GATEHOUSE_CONFIG: 'elsewhere.json' } })).err).toContain(
      'elsewhere.json',
    );
  });

  test('names a plugin that is at fault', async () => {
    const folder = folderWith({ plugins: ['default', './missing.ts'] });
    const { exit, err } = await say('config check', { folder });
    expect([exit, err]).toEqual([1, expect.stringMatching(/^PLUGIN: plugins: "\.\/missing\.ts" cannot be loaded/)]);
  });
});

describe('schema', () => {
  test('prints the graph of the listed plugins', async () => {
    const { exit, out } = await say('schema print', { folder: newFolder() });
    expect(exit).toBe(0);
    const plan = await makePlan({ folder: '/', environment: {}, sections: roomSections });
    expect(out).toBe(`${printSchema(makeSchema(plan.plugins, plan.catalogue))}\n`);
    const without = newFolder();
    writeFileSync(join(without, 'gatehouse.config.json'), JSON.stringify({ plugins: ['default', '!network'] }));
    expect((await say('schema print', { folder: without })).out).not.toContain('type Device ');
  });
});

describe('migrate', () => {
  test('applies what is pending, and says when there is nothing', async () => {
    const folder = newFolder();
    const first = await say('migrate --json', { folder });
    expect(first.exit).toBe(0);
    expect((first.json as { migrated: string[] }).migrated).toContain('20260101000000_event_log');
    expect(await say('migrate', { folder })).toMatchObject({ exit: 0, out: 'The database is up to date.\n' });
  });

  test('has nothing to do where another storage is listed, and tells what keeps it from the database', async () => {
    const memory = folderWith({ plugins: ['default', '!storage-prisma', 'storage-memory'] });
    expect((await say('migrate', { folder: memory })).out).toMatch(/^Nothing to migrate/);
    const away = { folder: newFolder(), environment: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' } };
    const { exit, err } = await say('migrate', away);
    expect([exit, err]).toEqual([1, expect.stringMatching(/^STORAGE: /)]);
  });
});
