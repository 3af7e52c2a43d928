import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
  await run('site create S');
  await run('network create 10.1.2.0/24 --site S');
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[]) => say(line, { gateway });
const cidrs = (answer: { json: unknown }) => (answer.json as { cidr: string }[]).map(({ cidr }) => cidr);

/** Numbers what was written, as a gateway does by itself a moment later. */
async function settle(): Promise<void> {
  while ((await gateway.context().use(eventLog).number(1000)) > 0);
}

describe('free space', () => {
  test('is taken as addresses and as networks, as many as asked for', async () => {
    expect((await run('address allocate 10.1.2.0/24')).out).toBe(
      'CIDR         STATE      PARENT\n10.1.2.1/32  ALLOCATED  10.1.2.0/24\n',
    );
    expect(cidrs(await run('address allocate 10.1.2.0/24 --num 2 --site S --json'))).toEqual([
      '10.1.2.2/32',
      '10.1.2.3/32',
    ]);
    const taken = await run('network allocate 10.1.2.0/24 --prefix-length 28 --num 2 --reserve --strict --json');
    expect(taken.json).toMatchObject([
      { cidr: '10.1.2.16/28', state: 'RESERVED' },
      { cidr: '10.1.2.32/28', state: 'RESERVED' },
    ]);
    expect((await run('address allocate 10.1.2.0/24 --num 2 --natural')).out).toBe('10.1.2.4/32,10.1.2.5/32\n');
  });

  test('is taken for an interface', async () => {
    await run('device create r1 --site S');
    await gateway.execute({
      document: `mutation { networkInterfaceCreate(input: { device: { hostname: "r1" }, name: "eth0" }) { __typename } }`,
    });
    await run('network create 10.3.0.0/24 --site S');
    const taken = await run('address allocate 10.3.0.0/24 --to r1:eth0 --json');
    expect(taken.json).toMatchObject([{ cidr: '10.3.0.1/32', state: 'ASSIGNED' }]);
    expect((await run('address allocate 10.3.0.0/24 --to r1:eth9')).exit).toBe(1);
  });

  test('that is too small is refused with what there is, or taken when a part is enough', async () => {
    await run('network create 10.2.0.0/30 --site S');
    expect(await run('address allocate 10.2.0.0/30 --num 3')).toMatchObject({
      exit: 1,
      out: '',
      err: 'NO_SPACE: Only 2 of 3 addresses are free in 10.2.0.0/30.\n  Ask for less, or elsewhere.\n',
    });
    expect(cidrs(await run('address allocate 10.2.0.0/30 --num 3 --partial --json'))).toHaveLength(2);
    expect((await run('network allocate 10.2.0.0/30')).exit).toBe(2);
    expect((await run('address allocate 10.2.0.0/30 --num many')).exit).toBe(2);
  });
});

describe('history', () => {
  test('is listed, the newest first, and shown line by line', async () => {
    await run('site create H');
    await run('device create old --site H');
    await run('device update old --site H --hostname new');
    await settle();
    const listed = await run('change list --site H --resource device --json');
    const rows = listed.json as { id: string; action: string; naturalKey: string }[];
    expect(rows.map(({ action, naturalKey }) => `${action} ${naturalKey}`)).toEqual(['UPDATED new', 'CREATED old']);
    expect((await run('change list --site H --action updated')).out).toMatch(
      /^WHEN +ACTION +RESOURCE +KEY +SITE +ACTOR +ID\n\S+ +UPDATED +DEVICE +new +H +system +\S+\n$/,
    );
    const { out } = await run(`change diff ${rows[0]?.id}`);
    expect(out.split('\n').slice(2, 4)).toEqual(['-   "hostname": "old",', '+   "hostname": "new",']);
    const shown = await run(`change show ${rows[0]?.id}`);
    expect(shown.out).toMatch(/^hostname +"old" -> "new"$/m);
    expect((await run(`change diff ${rows[0]?.id} --json`)).json).toMatchObject({
      fields: [{ path: 'hostname', before: 'old', after: 'new' }],
    });
  });

  test('says so when there is no such change', async () => {
    expect(await run('change show nothing')).toMatchObject({ exit: 1, out: '' });
    expect((await run('change list --action renamed')).exit).toBe(2);
  });
});
