import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { openGateway, type Speaking, say } from './support.ts';

let gateway: Gateway;
let url: string;
let token: string;
beforeAll(async () => {
  gateway = await openGateway();
  url = await gateway.listen();
  const made = await say('key create tests --account admin --json', { gateway });
  token = (made.json as { key: string }).key;
});
afterAll(() => gateway.dispose());

/** Over HTTP, named by the environment. */
const run = (line: string | readonly string[], speaking: Speaking = {}) =>
  say(line, { environment: { GATEHOUSE_URL: url, GATEHOUSE_TOKEN: token }, ...speaking });

describe('a command with --url', () => {
  test('does on a running gateway what it does in this process', async () => {
    expect(await run('site create Far')).toMatchObject({ exit: 0, out: 'Created site Far.\n', err: '' });
    await run('device create r1 --site Far');
    const lines = [
      'site list',
      'site show Far --json',
      'device list --site Far',
      'network list --roots --json',
      'account list',
      'event list --limit 3',
    ];
    for (const line of lines) {
      const [far, near] = [await run(line), await say(line, { gateway })];
      expect(far, line).toMatchObject({ exit: near.exit, out: near.out, err: near.err });
    }
  });

  test('takes the address and the token as options too, the address in several forms', async () => {
    for (const address of [url, `${url}/`, `${url}/graphql`]) {
      const { exit, out } = await say(['--url', address, 'site', 'list', '--token', token, '--json']);
      expect([exit, JSON.parse(out)[0].name]).toEqual([0, 'Far']);
    }
    expect(await say(['--url', 'localhost', 'site', 'list'])).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^BAD_USER_INPUT: "localhost" is no address/),
    });
  });

  test('has the rights of its token', async () => {
    await run('account create reader --kind service --permission network:read');
    const { key } = (await run('key create reading --account reader --json')).json as { key: string };
    const asReader = (line: string) => run(line, { environment: { GATEHOUSE_URL: url, GATEHOUSE_TOKEN: key } });
    expect((await asReader('site list --json')).exit).toBe(0);
    expect(await asReader('site create No')).toMatchObject({
      exit: 1,
      err: 'FORBIDDEN: Needs network:create.\n  Ask an administrator for the permission.\n',
    });
    const bad = await run('site list', { environment: { GATEHOUSE_URL: url, GATEHOUSE_TOKEN: 'gk_nonsense' } });
    expect([bad.exit, bad.err]).toEqual([1, expect.stringMatching(/^UNAUTHENTICATED: /)]);
    const own = (await run('key create own --json')).json as { apiKey: { name: string } };
    expect(own.apiKey.name).toBe('own');
  });

  test('imports, and shows how far it is', async () => {
    const input = Array.from({ length: 300 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`).join('\n');
    const { exit, json } = await run('inventory import - --format prefixes --site Far --json', { input });
    expect([exit, json]).toEqual([0, expect.objectContaining({ counts: [expect.objectContaining({ created: 300 })] })]);
    const bad = await run('inventory import - --format prefixes --site Far', { input: '11.0.0.1\n' });
    expect([bad.exit, bad.err]).toEqual([1, expect.stringContaining('1: 11.0.0.1: BAD_USER_INPUT')]);
  });

  test('follows events as they are committed, and goes on after the connection broke', async () => {
    const stopping = new AbortController();
    const relay = await openRelay(url);
    const tailing = run('event tail --name network.site.created --count 2 --json', {
      environment: { GATEHOUSE_URL: relay.url, GATEHOUSE_TOKEN: token },
      stopped: stopping.signal,
    });
    await pause(300);
    await run('site create Live1');
    await pause(300);
    relay.cut();
    await run('site create Live2');
    const { exit, out } = await tailing;
    const names = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).data.site.name);
    expect([exit, names]).toEqual([0, ['Live1', 'Live2']]);
    await relay.close();
  });

  test('refuses to follow without the right, and stops when asked to', async () => {
    const { exit, err } = await run('event tail', { environment: { GATEHOUSE_URL: url } });
    expect([exit, err]).toEqual([1, expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN): /)]);
    const stopping = new AbortController();
    const tailing = run('event tail', { stopped: stopping.signal });
    await pause(200);
    stopping.abort();
    expect(await tailing).toMatchObject({ exit: 0, out: '', err: '' });
  });

  test('says what to do when no gateway answers, or something that is none', async () => {
    expect(await say(['--url', 'http://127.0.0.1:1', 'site', 'list'])).toMatchObject({
      exit: 1,
      err: expect.stringMatching(
        /^UNREACHABLE: No gateway answers at http:\/\/127\.0\.0\.1:1\/graphql: .*\n {2}Start the gateway there, or leave --url out/,
      ),
    });
    const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect((await say(['--url', address, 'site', 'list'])).err).toMatch(/^UNREACHABLE: .* answered 200 and no GraphQL/);
    other.close();
  });

  test('refuses what can only be done on the database itself', async () => {
    for (const line of ['event trim', 'event epoch --new']) {
      expect(await run(line)).toMatchObject({ exit: 2, err: expect.stringContaining('without --url') });
    }
    expect((await run('event epoch --json')).exit).toBe(0);
    expect(await say('site list --token abc', { gateway })).toMatchObject({
      exit: 2,
      err: expect.stringContaining('--token goes with --url'),
    });
  });
});

/** A way to the gateway that can be cut. */
async function openRelay(target: string) {
  const { hostname, port } = new URL(target);
  const { connect, createServer } = await import('node:net');
  const open = new Set<import('node:net').Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
