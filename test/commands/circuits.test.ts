import { beforeAll, expect, test } from 'vitest';
import { bothWays } from './ways.ts';

bothWays(({ run, gateway }) => {
  beforeAll(async () => {
    await run('site create SJC');
    for (const hostname of ['r1', 'r2']) {
      await run(`device create ${hostname} --site SJC`);
      await run(`network-interface create ${hostname}:eth0 --site SJC`);
    }
    await run('attribute create vendor --site SJC --resource circuit');
    await run('attribute create peer_as --site SJC --resource protocol');
  });

  test('circuits are created, listed, shown, changed and deleted', async () => {
    expect(await run('circuit create r1:eth0 --endpoint-z r2:eth0 -a vendor=x')).toMatchObject({
      exit: 0,
      out: 'Created circuit r1:eth0_r2:eth0.\n',
      err: '',
    });
    const listed = await run('circuit list --site SJC --query vendor=x --endpoint-z r2:eth0');
    expect(listed.err).toBe('');
    expect(listed.out).toMatch(/^NAME +A +Z +SITE\nr1:eth0_r2:eth0 +r1:eth0 +r2:eth0 +SJC\n$/);
    expect((await run('circuit list --natural')).out).toBe('r1:eth0_r2:eth0\n');
    await run('circuit update r1:eth0_r2:eth0 --endpoint-z none --name c/1');
    expect((await run('circuit show c_1')).out).toMatch(
      /name +c\/1\nslug +c_1\nsite +SJC\nA +r1:eth0\nZ +-\nattributes +vendor=x\ncreated /,
    );
    const taken = await run('circuit create r1:eth0');
    expect(taken.exit).toBe(1);
    expect(taken.err).toContain('Interface already used as an endpoint_a');
    expect((await run('circuit replace c_1 --endpoint-a r1:eth0')).out).toBe('Replaced circuit r1:eth0_None.\n');
    expect(await run('circuit delete r1:eth0_None')).toMatchObject({ exit: 0 });
  });

  test('protocol types and protocols too, and a secret is read and never shown', async () => {
    expect((await run('protocol-type create bgp --site SJC --require peer_as')).out).toBe(
      'Created protocol type bgp.\n',
    );
    expect((await run('protocol-type list')).out).toMatch(/bgp +SJC +peer_as +-\n$/);
    expect((await run('protocol-type update bgp -d Border')).exit).toBe(0);
    expect((await run('protocol-type show bgp')).out).toMatch(
      /^name +bgp\ndescription +Border\nsite +SJC\nrequires +peer_as\n/,
    );
    expect((await run('protocol-type list --description Border --natural')).out).toBe('bgp\n');
    const create = '--json protocol create r1 --type bgp --interface r1:eth0 --auth-string -';
    const missing = await run(create, { input: 'hunter2\n' });
    expect(missing.exit).toBe(1);
    expect(missing.err).toContain('Missing required attributes: peer_as');
    const made = await run(`${create} -a peer_as=65000`, { input: 'hunter2\n' });
    expect(made.exit).toBe(0);
    const { id, hasAuthString } = made.json as { id: string; hasAuthString: boolean };
    expect(hasAuthString).toBe(true);
    const shown = await run(`protocol show ${id}`);
    expect(shown.out).toMatch(/secret +yes\nattributes +peer_as=65000\n/);
    expect(made.out + shown.out).not.toContain('hunter2');
    const reveal = `mutation { protocolRevealAuthString(input: { by: { id: "${id}" } }) {
      ... on ProtocolRevealAuthStringSuccess { authString }
    } }`;
    expect(await gateway().execute({ document: reveal })).toEqual({
      data: { protocolRevealAuthString: { authString: 'hunter2' } },
    });
    const updated = await run(`protocol update ${id} --interface none`);
    expect([updated.err, updated.out]).toEqual(['', `Updated protocol bgp on r1 (${id}).\n`]);
    expect((await run('protocol list --device r1 --interface r1:eth0')).out).not.toContain('bgp');
    expect((await run('protocol list --query peer_as=65000 --json')).json).toHaveLength(1);
    const replaced = await run(`protocol replace ${id} --type bgp --device r1 -a peer_as=65001 --json`);
    expect(replaced.json).toMatchObject({ id, hasAuthString: false, attributes: { peer_as: '65001' } });
    const used = await run('protocol-type delete bgp');
    expect(used.err).toContain('Cannot delete protocol type bgp: 1 object depends on it.');
    expect(await run(`protocol delete ${id}`)).toMatchObject({ exit: 0 });
    expect((await run('protocol-type replace bgp --name ospf')).out).toBe('Replaced protocol type ospf.\n');
    expect(await run('protocol-type delete ospf')).toMatchObject({ exit: 0 });
  });
});
