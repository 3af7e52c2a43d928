import { beforeAll, describe, expect, test } from 'vitest';
import { bothWays } from './ways.ts';

bothWays(({ run, settle }) => {
  beforeAll(async () => {
    await run('site create S');
    for (const hostname of ['r1', 'r2']) await run(`device create ${hostname} --site S`);
    await run('network create 10.1.2.0/24 --site S');
  });

  describe('attribute', () => {
    test('is defined with its rules, changed, replaced, listed and deleted', async () => {
      const made = await run('attribute create role --site S --resource device --required --valid-values spine leaf');
      expect(made).toMatchObject({ exit: 0, out: 'Created attribute device/role.\n', err: '' });
      await run('attribute create tags --site S --resource device --multi --allow-empty --pattern [a-z]*');
      await run('attribute create role --site S --resource interface -d uplink');
      expect((await run('attribute list --site S --resource device')).out).toBe(
        [
          'RESOURCE  NAME  SITE  REQUIRED  MULTI  USED  DESCRIPTION',
          'device    role  S     yes       no        0  -',
          'device    tags  S     no        yes       0  -',
          '',
        ].join('\n'),
      );
      expect((await run('attribute list --name role --natural')).out).toBe('device/role,interface/role\n');
      const shown = (await run('attribute show device/tags')).out;
      expect(shown).toMatch(/multi +yes\nmay be empty +yes\npattern +\[a-z\]\*\nvalid values +-\nused by +0\n/);
      await run('attribute update device/role --site S --no-required -d place');
      expect((await run('attribute show device/role --json')).json).toMatchObject({
        required: false,
        display: true,
        description: 'place',
        constraints: { validValues: ['spine', 'leaf'] },
      });
      await run('attribute replace device/tags --multi');
      expect((await run('attribute show device/tags --json')).json).toMatchObject({
        multi: true,
        constraints: { allowEmpty: false, pattern: '', validValues: [] },
      });
    });

    test('is carried by what is made, and lists are asked by set queries', async () => {
      await run('device update r1 --site S --attribute role=spine -a tags=new -a tags=bgp');
      await run(['device', 'update', 'r2', '--attributes', '{"role":"leaf","tags":["new"]}']);
      expect((await run('device show r1')).out).toMatch(/^attributes +role=spine tags=new\|bgp$/m);
      expect((await run(['device', 'list', '--site', 'S', '--query', 'tags=new -role=leaf', '--natural'])).out).toBe(
        'r1\n',
      );
      await run('device create core-lan --site S -a role=leaf');
      expect((await run('device list --query role=leaf --natural')).out).toBe('core-lan,r2\n');
      const refused = await run('device update r1 --attribute role=core --attribute rack=7');
      expect(refused.exit).toBe(1);
      expect(refused.err).toContain('2 fields are at fault.');
      expect(refused.err).toContain('attributes.rack: Attribute name (rack) does not exist.');
      expect((await run('attribute delete device/role')).err).toMatch(/^IN_USE: Cannot delete attribute/);
      expect((await run('device update r1 --attribute role')).exit).toBe(2);
    });
  });

  describe('network-interface', () => {
    test('is created, listed by filter and set query, changed and deleted', async () => {
      const made = await run('network-interface create r1:ae0 --site S --type 161 --speed 10000 --mac 1 -a role=up');
      expect(made).toMatchObject({ exit: 0, out: 'Created interface r1:ae0.\n', err: '' });
      await run('network-interface create r1:ae0.0 --parent r1:ae0 --speed none --address 10.1.2.1 10.1.2.2');
      await run('network-interface create r2:eth0 --mac none -d lab');
      expect((await run('network-interface list --device r1')).out).toBe(
        [
          'INTERFACE  TYPE      MAC                SPEED  ADDRESSES                SITE',
          'r1:ae0     lag       00:00:00:00:00:01  10000  -                        S',
          'r1:ae0.0   ethernet  00:00:00:00:00:00  -      10.1.2.1/32 10.1.2.2/32  S',
          '',
        ].join('\n'),
      );
      const keys = async (options: string) => (await run(`network-interface list --natural ${options}`)).out.trim();
      expect(await keys('--query role=up')).toBe('r1:ae0');
      expect(await keys('--mac 00-00-00-00-00-01')).toBe('r1:ae0');
      expect(await keys('--speed 10000')).toBe('r1:ae0');
      expect(await keys('--type 161')).toBe('r1:ae0');
      expect(await keys('--name eth0')).toBe('r2:eth0');
      expect(await keys('--description lab')).toBe('r2:eth0');
      expect(await keys('--parent r1:ae0')).toBe('r1:ae0.0');
      expect((await run('network-interface update r1:ae0.0 --name ae0.1 --no-addresses')).out).toBe(
        'Updated interface r1:ae0.1.\n',
      );
      expect((await run('network-interface show r1:ae0.1 --json')).json).toMatchObject({
        parent: { nameSlug: 'r1:ae0' },
        addresses: { nodes: [] },
        speed: null,
      });
      expect((await run('network-interface delete r1:ae0')).err).toContain('NetworkInterface r1:ae0.1');
      expect((await run('network-interface replace r1:ae0.1 --name ae0.1 --json')).json).toMatchObject({
        parent: null,
        speed: 1000,
      });
      expect((await run('network-interface delete r1:ae0')).out).toBe('Deleted interface r1:ae0.\n');
    });

    test('of an unknown device, or without one, is refused', async () => {
      expect(await run('network-interface create r9:eth0 --site S')).toMatchObject({ exit: 1, out: '' });
      expect((await run('network-interface create eth0 --site S')).exit).toBe(1);
      expect(await run('network-interface create r1:x --speed fast')).toMatchObject({
        exit: 2,
        err: expect.stringContaining('Give a whole number.'),
      });
    });
  });

  describe('address', () => {
    test('is bound to interfaces and taken from them', async () => {
      await run('network-interface create r1:eth1 --site S');
      expect((await run('address assign 10.1.2.9 r1:eth1 --site S')).out).toBe('Assigned 10.1.2.9/32 to r1:eth1.\n');
      expect((await run('address assign 10.1.2.9 r2:eth0')).exit).toBe(0);
      const twice = await run('address assign 10.1.2.9 r1:eth1');
      expect(twice.err).toContain('Address already assigned to this Device.');
      await run('network create 10.1.2.10 --site S --state reserved');
      expect((await run('address assign 10.1.2.10 r1:eth1')).exit).toBe(1);
      expect((await run('address assign 10.1.2.10 r1:eth1 --force')).exit).toBe(0);
      expect((await run('address unassign 10.1.2.9 r1:eth1')).out).toBe(
        'Took 10.1.2.9 from r1:eth1; it is assigned now.\n',
      );
      expect((await run('address unassign 10.1.2.9 r2:eth0')).out).toContain('it is orphaned now.\n');
      expect((await run('address unassign 10.1.2.10 r1:eth1 --delete')).out).toContain('it is deleted.\n');
      expect((await run('network list --only addresses --state assigned --json')).json).toEqual([]);
    });

    test('is allocated to an interface, and its history is read', async () => {
      const taken = await run('address allocate 10.1.2.0/24 --site S --to r2:eth0 --json');
      const [{ cidr }] = taken.json as [{ cidr: string }];
      expect((await run('network-interface show r2:eth0')).out).toMatch(new RegExp(`^addresses +${cidr}$`, 'm'));
      await settle();
      const listed = await run('change list --resource interface --limit 1 --json');
      const [{ id, naturalKey }] = listed.json as [{ id: string; naturalKey: string }];
      expect(naturalKey).toBe('r2:eth0');
      expect((await run(`change diff ${id}`)).out).toContain(`+     "${cidr}"\n`);
      expect((await run(`change show ${id}`)).out).toMatch(/^addresses +\[\] -> \["10\.1\.2\.\d+\/32"\]$/m);
    });
  });
});
