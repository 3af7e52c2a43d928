import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { newFolder, openGateway, type Speaking, say } from './support.ts';

const demo = fileURLToPath(new URL('../fixtures/netbox-demo.json', import.meta.url));

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.dispose());

const run = (line: string, speaking: Speaking = {}) => say(line, { gateway, ...speaking });
const imported = (line: string, input: string | Uint8Array = '') => run(`inventory import - ${line}`, { input });
const site = async (name: string) => {
  await run(`site create ${name}`);
  return name;
};

describe('inventory import', () => {
  test('exits with 0 when all is good, the summary on standard output', async () => {
    const { exit, out, err } = await run(`inventory import ${demo} --format netbox`);
    expect(exit).toBe(0);
    expect(out).toBe(
      [
        'KIND       CREATED  UPDATED  UNCHANGED  SKIPPED  FAILED',
        'site            31        0          0        0       0',
        'attribute      325        0          0        0       0',
        'device          72        0          0        0       0',
        'network        270        0          0        0       0',
        'interface     1586        0          0        0       0',
        'circuit         26        0          0        3       0',
        'The import is done.',
        '',
      ].join('\n'),
    );
    expect(err).toContain('warning HOSTNAME_GENERATED: 22 rows\n');
    expect(err).toContain('Not imported: 1662 rows of circuits.circuittermination, ');
    const again = (await run(`inventory import ${demo} --format netbox --json`)).json as {
      counts: { unchanged: number }[];
    };
    expect(again.counts.map(({ unchanged }) => unchanged)).toEqual([31, 325, 72, 270, 1586, 26]);
  });

  test('exits with 1 when it is rejected, and tells of the rows that failed', async () => {
    const text = '10.0.0.0/8\n10.0.0.0/33\n11.0.0.1\n12.0.0.1\n';
    const rejected = await imported(`--format prefixes --site ${await site('One')} --rows 2`, text);
    expect(rejected.exit).toBe(1);
    expect(rejected.out).toContain(
      'network        0        0          0        1       3\nThe import was rejected: nothing was written.\n',
    );
    expect(rejected.err).toContain(
      [
        '2: 10.0.0.0/33: BAD_USER_INPUT: Invalid CIDR: 10.0.0.0/33. Must be IPv4/IPv6 notation. (cidr)',
        '3: 11.0.0.1: BAD_USER_INPUT: IP Address needs base network. (cidr)',
        '… and 1 more row; --rows shows more.',
        'IMPORT_REJECTED: 3 rows failed, and nothing was written.',
        '  Correct the rows, or import the others with --on-error skip.',
        '',
      ].join('\n'),
    );
    const asJson = await imported('--format prefixes --site One --json', text);
    expect([asJson.exit, asJson.json]).toEqual([
      1,
      expect.objectContaining({
        state: 'REJECTED',
        rows: [{ row: 2 }, { row: 3 }, { row: 4 }].map((row) => expect.objectContaining(row)),
      }),
    ]);
  });

  test('exits with 3 when it wrote the rows that did not fail', async () => {
    const { exit, out } = await imported(
      `--format prefixes --site ${await site('Three')} --on-error skip`,
      '10.0.0.0/8\n11.0.0.1\n',
    );
    expect([exit, out]).toEqual([
      3,
      expect.stringContaining('network        1        0          0        0       1\nThe import is done.\n'),
    ]);
    expect((await run('network list --site Three --json')).json).toHaveLength(1);
  });

  test('exits with 2 when it is asked for wrongly', async () => {
    expect(await imported('', '')).toMatchObject({ exit: 2, err: expect.stringContaining("'-f, --format <format>'") });
    expect((await imported('--format yaml')).exit).toBe(2);
    expect((await run('inventory import')).exit).toBe(2);
  });

  test('takes a kind for rows, a base, a state, and what to do with what exists', async () => {
    await site('All');
    const csv = 'hostname\nr1\nR2\n';
    expect((await imported('--format csv --kind device --site All', csv)).exit).toBe(0);
    expect((await imported('--format csv --kind device --site All --on-existing fail', csv)).exit).toBe(1);
    const kept = await imported('--format csv --kind device --site All --on-existing keep --json', 'hostname\nR1\n');
    expect(kept.json).toMatchObject({ counts: [{ kind: 'DEVICE', skipped: 1 }] });
    await imported(
      '--format prefixes --site All --base 10.0.0.0/8 --base 11.0.0.0/8 --state reserved',
      '10.0.0.1\n11.0.0.1\n',
    );
    const networks = (await run('network list --site All --json')).json as { cidr: string; state: string }[];
    expect(networks.map(({ cidr, state }) => `${cidr} ${state}`)).toEqual([
      '10.0.0.0/8 RESERVED',
      '10.0.0.1/32 RESERVED',
      '11.0.0.0/8 RESERVED',
      '11.0.0.1/32 RESERVED',
    ]);
  });

  test('takes rows of every kind, and writes their kinds as commands do', async () => {
    await site('Kinds');
    const types = await imported('--format csv --kind protocol-type --site Kinds', 'name,description\nbgp,Border\n');
    expect([types.exit, types.out]).toEqual([0, expect.stringMatching(/^protocol-type +1 /m)]);
    const rows =
      'kind,hostname,device,name,addresses,cidr,endpointA,type\n' +
      'circuit,,,,,,r1:eth0,\nprotocol,,r1,,,,,bgp\ninterface,,r1,eth0,10.0.0.1,,,\ndevice,r1,,,,,,\nnetwork,,,,,10.0.0.0/8,,\n';
    expect((await imported('--format csv --site Kinds', rows)).exit).toBe(0);
    const shown = await run('circuit list --site Kinds --json');
    expect(shown.json).toMatchObject([{ nameSlug: 'r1:eth0_None' }]);
    expect((await run('network-interface list --site Kinds --json')).json).toMatchObject([{ nameSlug: 'r1:eth0' }]);
  });

  test('takes the file behind an option that may be repeated', async () => {
    const line = `inventory import --format prefixes --site ${await site('Behind')} --base 10.0.0.0/8 -`;
    expect((await run(line, { input: '10.0.0.1\n' })).exit).toBe(0);
  });

  test('rehearses without writing', async () => {
    const { exit, out } = await imported(`--format prefixes --site ${await site('Dry')} --dry-run`, '10.0.0.0/8\n');
    expect([exit, out]).toEqual([0, expect.stringContaining('This would be done; nothing was written.\n')]);
    expect((await run('network list --site Dry --json')).json).toEqual([]);
  });

  test('takes the layout of NetBox and names of sites', async () => {
    const text = JSON.stringify([
      { model: 'dcim.site', pk: 1, fields: { name: 'Rack town' } },
      { model: 'dcim.device', pk: 2, fields: { name: 'd1', site: 1 } },
      { model: 'ipam.aggregate', pk: 3, fields: { prefix: '10.0.0.0/8' } },
    ]);
    await imported('--format netbox --layout namespace --site-name Everything --aggregates', text);
    expect((await run('device show d1 --site Everything --json')).json).toMatchObject({ hostname: 'd1' });
    expect((await run('network list --site Everything --json')).json).toHaveLength(1);
    expect((await run('site show Everything')).exit).toBe(0);
  });

  test('reads files and refuses what is not there or no text, with the place', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'bad.txt'), Buffer.from([0x31, 0x0a, 0xff]));
    expect(await run('inventory import bad.txt --format prefixes --site All', { folder })).toMatchObject({
      exit: 1,
      out: '',
      err: 'BAD_USER_INPUT: The text is not UTF-8: byte 2 (line 2) is not part of a character.\n  at text\n  Correct the named fields.\n',
    });
    expect((await run('inventory import none.txt --format prefixes --site All', { folder })).err).toMatch(
      /^BAD_USER_INPUT: none\.txt cannot be read: ENOENT/,
    );
  });
});
