import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[]) => say(line, { gateway });

describe('site', () => {
  test('is created, shown, changed, replaced and deleted', async () => {
    expect(await run(['site', 'create', 'SJC', '--description', 'San José'])).toMatchObject({
      exit: 0,
      out: 'Created site SJC.\n',
      err: '',
    });
    const shown = await run('site show SJC');
    expect(shown.out).toMatch(
      /^name +SJC\ndescription +San José\ndevices +0\nnetworks +0\ncreated +\S+\nupdated +\S+\nid +\S+\n$/,
    );
    expect((await run('site update SJC --name SJC1')).out).toBe('Updated site SJC1.\n');
    expect((await run('site show SJC1 --json')).json).toMatchObject({ name: 'SJC1', description: 'San José' });
    expect((await run('site replace SJC1 --name SJC2')).out).toBe('Replaced site SJC2.\n');
    const { id } = (await run('site show SJC2 --json')).json as { id: string };
    expect((await run(`site show ${id} --json`)).json).toMatchObject({ name: 'SJC2', description: '' });
    expect((await run('site delete SJC2 --json')).json).toEqual({ deletedId: id });
    expect(await run('site show SJC2')).toMatchObject({
      exit: 1,
      out: '',
      err: 'NOT_FOUND: Site not found: SJC2.\n  Check the key, and that the account may read it.\n',
    });
  });

  test('is listed by name in aligned columns, as many as asked for', async () => {
    for (const name of ['List-b', 'List-a', 'List-ccc']) await run(['site', 'create', name, '-d', `of ${name}`]);
    const all = await run('site list');
    expect(all.out.split('\n').slice(0, 3)).toEqual([
      'NAME      DEVICES  NETWORKS  DESCRIPTION',
      'List-a          0         0  of List-a',
      'List-b          0         0  of List-b',
    ]);
    const two = await run('site list --limit 2 --json');
    expect([(two.json as unknown[]).length, two.err]).toEqual([2, '2 of 3; --all shows the rest.\n']);
    const every = await run('site list -n 0 --all --json');
    expect([(every.json as unknown[]).length, every.err]).toEqual([3, '']);
  });

  test('never writes control characters of the inventory to the terminal', async () => {
    await run(['site', 'create', 'Steered', '-d', 'two\nlines\tand 表示']);
    const { out } = await run('site list');
    expect(out).toContain('Steered         0         0  two lines and 表示\n');
  });
});

describe('device', () => {
  beforeAll(() => run('site create D'));

  test('is created in a site, renamed, listed and deleted', async () => {
    expect((await run('device create r1 --site D')).out).toBe('Created device r1.\n');
    expect((await run('device update r1 --hostname r2 --site D')).out).toBe('Updated device r2.\n');
    expect((await run('device replace R2 --hostname r3')).out).toBe('Replaced device r3.\n');
    await run('site create D2');
    await run('device create r3 --site D2');
    expect(await run('device show r3')).toMatchObject({
      exit: 1,
      err: expect.stringContaining("AMBIGUOUS: Multiple devices matched hostname='r3'. Give a site or an id."),
    });
    expect((await run('device show r3 -s D --json')).json).toMatchObject({ hostname: 'r3', site: { name: 'D' } });
    expect((await run('device list --hostname R3 --json')).json).toHaveLength(2);
    expect((await run('device list --site D2')).out).toMatch(/^HOSTNAME +SITE +UPDATED\nr3 +D2 +\S+\n$/);
    expect((await run('device delete r3 --site D2')).out).toBe('Deleted device r3.\n');
  });

  test('that is refused says code, sentence, place and remedy on standard error', async () => {
    await run('device create twin --site D');
    expect(await run('device create TWIN --site D')).toMatchObject({
      exit: 1,
      out: '',
      err: [
        'CONFLICT: TWIN already exists in this site.',
        '  at hostname',
        '  Read the thing again, or choose another value for the field in `path`.',
        '',
      ].join('\n'),
    });
    const { exit, err } = await run('device create a..b --site D --json');
    expect([exit, JSON.parse(err)]).toEqual([
      1,
      {
        errors: [
          {
            code: 'BAD_USER_INPUT',
            message: 'hostname may not have an empty label or a trailing dot.',
            path: ['hostname'],
            details: [],
          },
        ],
      },
    ]);
  });
});

describe('network', () => {
  beforeAll(() => run('site create N'));

  test('is created at its place, changed, listed by filters and deleted with force', async () => {
    expect((await run('network create 10.0.0.0/255.0.0.0 --site N')).out).toBe('Created network 10.0.0.0/8.\n');
    await run('network create 10.1.0.0/16 -s N --state reserved');
    await run('network create 10.1.0.1 -s N');
    await run('network create 2001:DB8::/32 -s N');
    expect((await run('network update 10.0.0.0/8 --state orphaned')).out).toBe('Updated network 10.0.0.0/8.\n');
    expect((await run('network replace 10.0.0.0/8 --json')).json).toMatchObject({ state: 'ALLOCATED' });
    const cidrs = async (options: string) =>
      ((await run(`network list --site N --json ${options}`)).json as { cidr: string }[]).map(({ cidr }) => cidr);
    expect(await cidrs('')).toEqual(['10.0.0.0/8', '10.1.0.0/16', '10.1.0.1/32', '2001:db8::/32']);
    expect(await cidrs('--parent 10.0.0.0/8')).toEqual(['10.1.0.0/16']);
    expect(await cidrs('--roots --ip-version 4')).toEqual(['10.0.0.0/8']);
    expect(await cidrs('--state reserved')).toEqual(['10.1.0.0/16']);
    expect(await cidrs('--only addresses')).toEqual(['10.1.0.1/32']);
    expect(await cidrs('--only networks --prefix-length 32')).toEqual(['2001:db8::/32']);
    expect(await cidrs('--cidr 10.1.0.0/255.255.0.0')).toEqual(['10.1.0.0/16']);
    expect((await run('network show 10.1.0.0/16')).out).toContain(
      'utilization  10.1.0.0/16 - 0% used (1), 100% free (65535)\n',
    );
    const refused = await run('network delete 10.1.0.0/16');
    expect(refused.err).toMatch(
      /^IN_USE: Cannot delete network 10\.1\.0\.0\/16: 1 object depends on it\.\n {2}Network 10\.1\.0\.1\/32\n/,
    );
    expect((await run('network delete 10.1.0.0/16 --force')).out).toBe('Deleted network 10.1.0.0/16.\n');
  });

  test('trees are verified: exit code 1 while faults are left', async () => {
    await run('site create T');
    await run('network create 10.0.0.0/8 -s T');
    await run('network create 10.1.0.0/16 -s T');
    const ctx = gateway.context();
    expect(await run('network tree-verify --site T')).toMatchObject({
      exit: 0,
      out: 'Looked at 2 networks: 0 faults, 0 set right.\n',
    });
    const { id } = (await run('network show 10.1.0.0/16 -s T --json')).json as { id: string };
    const rowId = Buffer.from(id, 'base64url').toString().split(':')[1] ?? '';
    await ctx.use(networkStore).setParents([{ id: rowId, parentId: null }]);
    const faulty = await run('network tree-verify --site T');
    expect(faulty.exit).toBe(1);
    expect(faulty.out).toMatch(
      /^FAULT +CIDR +SITE +EXPECTED PARENT +SET RIGHT\nWRONG_PARENT +10\.1\.0\.0\/16 +T +10\.0\.0\.0\/8 +no\n/,
    );
    const repaired = await run('network tree-verify --site T --repair --json');
    expect([repaired.exit, repaired.json]).toEqual([
      0,
      expect.objectContaining({ faultCount: 1, repairedCount: 1, checkedCount: 2 }),
    ]);
    expect((await run('network tree-verify')).exit).toBe(0);
  });
});

describe('usage', () => {
  test('that is wrong exits with 2 and says what to do', async () => {
    for (const line of [
      'sight list',
      'site creat',
      'device create r1',
      'network list --state free',
      'site list -n many',
      'site list --bogus',
    ])
      expect((await run(line)).exit, line).toBe(2);
    expect((await run('site creat')).err).toContain('(Did you mean create?)');
    expect((await run('device create r1')).err).toContain("required option '-s, --site <site>' not specified");
  });

  test('is told by every command, with an example', async () => {
    /** The words under `Commands:` in a help text. */
    const commandsIn = (help: string) =>
      [...(help.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([a-z-]+)(?= )/gm)].flatMap(([, word]) =>
        word && word !== 'help' ? [word] : [],
      );
    const nouns = commandsIn((await run('--help')).out);
    expect(nouns.join(' ')).toBe(
      'start work migrate config schema account role session key event hook job queue maintenance system setting store info site attribute device network network-interface circuit protocol-type protocol address change inventory taxii-api-root taxii-collection taxii-service data-collection content-blocks threat',
    );
    for (const noun of nouns) {
      const help = (await run([noun, '--help'])).out;
      const verbs = commandsIn(help);
      const pages = await Promise.all(verbs.map(async (verb) => (await run([noun, verb, '--help'])).out));
      for (const page of verbs.length === 0 ? [help] : pages) {
        expect(page).toMatch(/Examples?:\n {2}.*gatehouse/);
        expect(page).toContain('--json');
      }
    }
  });
});
