import { afterAll, beforeAll, expect, test } from 'vitest';
import { runnerOn } from '#commands/local-runner.ts';
import { runCommand } from '#commands/program.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { revealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { openNetwork, type TestNetwork } from '../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork('memory');
  const site = { id: (await net.site('SJC')).id };
  for (const hostname of ['r1', 'r2']) {
    const { id } = await createDevice(net.all, { site, hostname });
    await createInterface(net.all, { device: { id }, name: 'eth0' });
  }
  await createAttribute(net.all, { site, resource: 'CIRCUIT', name: 'vendor' });
  await createAttribute(net.all, { site, resource: 'PROTOCOL', name: 'peer_as' });
});
afterAll(() => net.gateway.dispose());

/** Runs a command line. @param standardInput what it may read. */
async function gatehouse(
  words: readonly string[],
  standardInput = '',
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    input: async () => Buffer.from(standardInput),
    environment: {},
    folder: process.cwd(),
    screen: null,
    stopped: new AbortController().signal,
  };
  const code = await runCommand(words, terminal, { openLocal: async () => runnerOn(net.gateway) });
  return { code, out, err };
}

test('circuits are created, listed, shown, changed and deleted', async () => {
  const made = await gatehouse(['circuit', 'create', 'r1:eth0', '--endpoint-z', 'r2:eth0', '-a', 'vendor=x']);
  expect(made).toEqual({ code: 0, out: 'Created circuit r1:eth0_r2:eth0.\n', err: '' });
  const listed = await gatehouse([
    'circuit',
    'list',
    '--site',
    'SJC',
    '--query',
    'vendor=x',
    '--endpoint-z',
    'r2:eth0',
  ]);
  expect(listed.err).toBe('');
  expect(listed.out).toMatch(/^NAME +A +Z +SITE\nr1:eth0_r2:eth0 +r1:eth0 +r2:eth0 +SJC\n$/);
  expect((await gatehouse(['circuit', 'list', '--natural'])).out).toBe('r1:eth0_r2:eth0\n');
  await gatehouse(['circuit', 'update', 'r1:eth0_r2:eth0', '--endpoint-z', 'none', '--name', 'c/1']);
  expect((await gatehouse(['circuit', 'show', 'c_1'])).out).toMatch(
    /name +c\/1\nslug +c_1\nsite +SJC\nA +r1:eth0\nZ +-\n/,
  );
  const taken = await gatehouse(['circuit', 'create', 'r1:eth0']);
  expect(taken.code).toBe(1);
  expect(taken.err).toContain('Interface already used as an endpoint_a');
  expect((await gatehouse(['circuit', 'replace', 'c_1', '--endpoint-a', 'r1:eth0'])).out).toBe(
    'Replaced circuit r1:eth0_None.\n',
  );
  expect(await gatehouse(['circuit', 'delete', 'r1:eth0_None'])).toMatchObject({ code: 0 });
});

test('protocol types and protocols too, and a secret is read and never shown', async () => {
  const type = await gatehouse(['protocol-type', 'create', 'bgp', '--site', 'SJC', '--require', 'peer_as']);
  expect(type.out).toBe('Created protocol type bgp.\n');
  expect((await gatehouse(['protocol-type', 'list'])).out).toMatch(/bgp +SJC +peer_as +-\n$/);
  const create = [
    '--json',
    'protocol',
    'create',
    'r1',
    '--type',
    'bgp',
    '--interface',
    'r1:eth0',
    '--auth-string',
    '-',
  ];
  const missing = await gatehouse(create, 'hunter2\n');
  expect(missing.code).toBe(1);
  expect(missing.err).toContain('Missing required attributes: peer_as');
  const made = await gatehouse([...create, '-a', 'peer_as=65000'], 'hunter2\n');
  expect(made.code).toBe(0);
  const { id, hasAuthString } = JSON.parse(made.out);
  expect(hasAuthString).toBe(true);
  const shown = await gatehouse(['protocol', 'show', id]);
  expect(shown.out).toMatch(/secret +yes\nattributes +peer_as=65000\n/);
  expect(made.out + shown.out).not.toContain('hunter2');
  expect((await revealAuthString(net.all, { by: { id } })).authString).toBe('hunter2');
  const updated = await gatehouse(['protocol', 'update', id, '--interface', 'none']);
  expect([updated.err, updated.out]).toEqual(['', `Updated protocol bgp on r1 (${id}).\n`]);
  expect((await gatehouse(['protocol', 'list', '--device', 'r1', '--interface', 'r1:eth0'])).out).not.toContain('bgp');
  const used = await gatehouse(['protocol-type', 'delete', 'bgp']);
  expect(used.err).toContain('Cannot delete protocol type bgp: 1 object depends on it.');
  expect(await gatehouse(['protocol', 'delete', id])).toMatchObject({ code: 0 });
  expect(await gatehouse(['protocol-type', 'delete', 'bgp'])).toMatchObject({ code: 0 });
});
