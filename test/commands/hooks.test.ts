import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
let server: Server;
let target: string;
beforeAll(async () => {
  gateway = await openGateway({ hooks: { allow: ['127.0.0.1'] } });
  server = createServer((request, response) => {
    response.statusCode = request.url === '/no' ? 500 : 200;
    response.end('thank you');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await run('account create ann');
  await run('account grant ann event:read');
});
afterAll(async () => {
  server.close();
  await gateway.dispose();
});

const run = (line: string | readonly string[]) => say(line, { gateway });
const create = async (words: readonly string[]) => {
  const made = await run(['hook', 'create', ...words, '--owner', 'ann', '--json']);
  return made.json as { secret: string; hook: { id: string; number: number } };
};

describe('hook', () => {
  test('is created with its secret, and listed', async () => {
    const shown = await run(['hook', 'create', 'platform.account.*', `${target}/yes`, '-o', 'ann', '--global']);
    expect(shown).toMatchObject({
      exit: 0,
      out: expect.stringMatching(
        /^secret +whsec_\S+\nnumber +1\nevent +platform\.account\.\*\ntarget +\S+\nstate +active\nid +\S+\n$/,
      ),
      err: expect.stringContaining('shown this once'),
    });
    const { hook, secret } = await create([
      'device.update',
      `${target}/no`,
      ...'--payload standard --change --ordered --signing ed25519 --scope site/a/b'.split(' '),
    ]);
    expect([hook.number, secret]).toEqual([2, expect.stringMatching(/^whsk_/)]);
    const { out } = await run('hook list');
    expect(out.split('\n').map((row) => row.split(/ +/).slice(0, 7))).toEqual([
      ['NUMBER', 'EVENT', 'TARGET', 'OF', 'OWNER', 'STATE', 'ID'],
      ['', '2', 'device.update', `${target}/no`, 'owner', 'ann', 'active'],
      ['', '1', 'platform.account.*', `${target}/yes`, 'all', 'ann', 'active'],
      [''],
    ]);
    expect((await run(['hook', 'list', '--event', 'device.*', '--state', 'active', '--json'])).json).toMatchObject([
      { number: 2 },
    ]);
    expect((await run('hook list --state suspended --json')).json).toEqual([]);
  });

  test('says whose it is, and what is wrong with it', async () => {
    expect(await run(`hook create * ${target}/`)).toMatchObject({
      exit: 2,
      err: 'USAGE: Say whose hook it is: --owner.\n',
    });
    expect(await run(`hook create * ${target}/ -o ann --scope site`)).toMatchObject({ exit: 2 });
    expect(await run('hook create * http://10.0.0.1/ -o ann')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('BAD_USER_INPUT'),
    });
    expect(await run(`hook create * ${target}/ -o nobody`)).toMatchObject({
      exit: 1,
      err: expect.stringContaining('NOT_FOUND'),
    });
  });

  test('is tested: exit code 1 when the target did not take it', async () => {
    const good = await create(['*', `${target}/tested`]);
    const tested = await run(`hook test ${good.hook.id}`);
    expect([tested.exit, tested.err]).toEqual([0, '']);
    expect(tested.out).toMatch(/^target +\S+\nresult +taken\nstatus +200\nmilliseconds +\d+\nanswer +thank you\n$/);
    const bad = await create(['network.*', `${target}/no`]);
    const failed = await run(`hook test ${bad.hook.id} --json`);
    expect([failed.exit, failed.json]).toMatchObject([1, { status: 500, error: 'STATUS' }]);
  });

  test('gets a new secret beside the old one, or at once', async () => {
    const { hook, secret } = await create(['*', `${target}/rotated`]);
    const rotated = await run(`hook rotate ${hook.id} --keep-old 8h --json`);
    expect((rotated.json as { secret: string }).secret).toMatch(/^whsec_/);
    expect((rotated.json as { secret: string }).secret).not.toBe(secret);
    expect((await run(`hook rotate ${hook.id}`)).out).toMatch(/^secret +whsec_\S+\n$/);
    expect(await run(`hook rotate ${hook.id} --keep-old soon`)).toMatchObject({ exit: 1 });
  });

  test('is sent what happened again, and its deliveries are listed', async () => {
    const { hook } = await create(['platform.account.updated', `${target}/again`, '--global']);
    const replayed = await run(`hook replay ${hook.id} --from start`);
    expect(replayed.out).toMatch(/^1 delivery goes out, of the events from 1 to \d+\.\n$/);
    expect((await run(`hook replay ${hook.id} --from 2020-01-01T00:00:00Z --dead --json`)).json).toMatchObject({
      count: 0,
    });
    const { out } = await run(`hook deliveries ${hook.id}`);
    expect(out).toMatch(/^HOOK +EVENT +STATE +ATTEMPTS +LAST +NEXT +MADE +ID\n/);
    expect(out).toMatch(/\n +\d+ +platform\.account\.updated +pending +0 +- +\S+Z +\S+Z +\S+\n$/);
    expect((await run(`hook deliveries ${hook.id} --state dead --json`)).json).toEqual([]);
    expect((await run(['hook', 'deliveries', '--event', 'platform.*', '--json'])).json).toHaveLength(1);
    expect(await run(`hook replay ${hook.id} --from nonsense`)).toMatchObject({ exit: 1 });
    expect(await run(`hook replay ${hook.id}`)).toMatchObject({ exit: 2 });
  });
});
