import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[]) => say(line, { gateway });
const json = async (line: string) => (await run(`${line} --json`)).json as Record<string, unknown>;

describe('taxii-service', () => {
  test('of each kind is created, shown, changed, replaced and deleted', async () => {
    const create = (kind: string, more: string) =>
      run(`taxii-service create ${kind} --kind ${kind} --address /services/${kind} ${more}`);
    expect(
      await create('inbox', '--accept-all-content --protocol-binding https --protocol-binding http'),
    ).toMatchObject({
      exit: 0,
      out: 'Created service inbox.\n',
    });
    expect((await create('poll', '--max-result-size 20 --subscription-required')).exit).toBe(0);
    expect((await create('discovery', '--advertise inbox --advertise poll')).exit).toBe(0);
    expect((await create('collection-management', '--no-subscriptions --subscription-message Hello')).exit).toBe(0);
    expect((await run('taxii-service show inbox')).out).toMatch(
      /^service id +inbox\nkind +inbox\naddress +\/services\/inbox\nbase URL +-\nprotocol bindings +urn:\S+https:1.0 urn:\S+http:1.0\n/,
    );
    expect(await json('taxii-service show poll')).toMatchObject({ maxResultSize: 20, subscriptionRequired: true });
    expect(await json('taxii-service show discovery')).toMatchObject({ advertisedServices: ['inbox', 'poll'] });
    expect(await json('taxii-service show collection-management')).toMatchObject({
      subscriptionSupported: false,
      subscriptionMessage: 'Hello',
    });
    expect(
      await json('taxii-service update inbox --no-available --supported-content urn:x>a,b --supported-content urn:y'),
    ).toMatchObject({
      available: false,
      acceptAllContent: true,
      supportedContent: [
        { binding: 'urn:x', subtypes: ['a', 'b'] },
        { binding: 'urn:y', subtypes: [] },
      ],
    });
    expect((await run('taxii-service show inbox')).out).toMatch(/supported content +urn:x>a,b urn:y\n/);
    expect(await json('taxii-service replace inbox --service-id in --address /services/in')).toMatchObject({
      serviceId: 'in',
      available: true,
      acceptAllContent: false,
    });
    const { id } = await json('taxii-service show in');
    expect((await run(`taxii-service delete ${id}`)).out).toBe(`Deleted service ${id}.\n`);
    expect(await run('taxii-service show in')).toMatchObject({ exit: 1, err: expect.stringContaining('NOT_FOUND') });
  });

  test('is listed by service id, by kind and by data collection', async () => {
    await run('taxii-service create zz --kind poll --address https://elsewhere.example/poll');
    await run('data-collection create listed --service zz');
    expect((await run('taxii-service list --kind poll --natural')).out).toBe('poll,zz\n');
    expect((await run('taxii-service list --data-collection listed --natural')).out).toBe('zz\n');
    expect((await run('taxii-service list')).out).toMatch(/^SERVICE ID +KIND +ADDRESS +AVAILABLE +ACCOUNTS ONLY\n/);
  });

  test('is refused with what belongs to another kind, an unknown kind, or a path of others', async () => {
    expect(await run('taxii-service create bad --kind poll --address /services/bad --advertise poll')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('BAD_USER_INPUT'),
    });
    expect((await run('taxii-service create bad --kind feed --address /services/bad')).exit).toBe(2);
    expect(await run('taxii-service create bad --kind poll --address /graphql')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('address must lie below /services/'),
    });
    expect(await run('taxii-service create bad --kind poll --address /services/poll')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('/services/poll is the address of service poll already.'),
    });
  });
});

describe('data-collection', () => {
  test('is created, shown, changed, replaced, served and deleted', async () => {
    const id = '5e113376-8a13-432d-b711-92f566ebbd92';
    expect(await run(`data-collection create feed --taxii-id ${id} --supported-content urn:x>a`)).toMatchObject({
      exit: 0,
      out: 'Created data collection feed.\n',
    });
    expect((await run('data-collection show feed')).out).toMatch(
      /^name +feed\ntaxiiId +5e11\S+\ntype +DATA_FEED\ndescription +-\naccepts all content +false\nsupported content +urn:x>a\navailable +true\nblocks +0\nservices +-?\n/,
    );
    expect((await run(['data-collection', 'services', 'feed', 'poll', 'discovery'])).out).toBe(
      'Data collection feed is served by discovery poll.\n',
    );
    expect((await run('data-collection services feed')).out).toBe('Data collection feed is served by nothing.\n');
    expect(await json(`data-collection update ${id} --type set --no-available --accept-all-content`)).toMatchObject({
      ...{ name: 'feed', type: 'DATA_SET', available: false, acceptAllContent: true },
    });
    expect(await json('data-collection replace feed --name other')).toMatchObject({
      ...{ name: 'other', type: 'DATA_FEED', available: true, acceptAllContent: false, supportedContent: [] },
    });
    expect((await run(`data-collection delete ${id}`)).exit).toBe(0);
    expect(await run('data-collection services none poll')).toMatchObject({
      exit: 1,
      err: expect.stringContaining("Data collection not found: name='none'."),
    });
  });

  test('is listed by name, of one service or of all', async () => {
    await run('data-collection create b --service poll');
    await run('data-collection create a --service poll');
    expect((await run('data-collection list --service poll --natural')).out).toBe('a,b\n');
    expect((await run('data-collection list')).out).toMatch(/^NAME +TYPE +BLOCKS +AVAILABLE +SERVICES\n/);
  });
});

describe('threat sync', () => {
  test('applies a file of YAML or JSON, foresees with --dry-run, and says what it did', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sync-'));
    const yaml = [
      'services:',
      '  - id: synced',
      '    type: poll',
      '    address: /services/synced',
      '    available: no',
      'data_collections:',
      '  - name: kept',
      '    services: [synced]',
    ].join('\n');
    await writeFile(join(folder, 'taxii.yml'), yaml);
    const sync = (line: string) => say(`threat sync ${line}`, { gateway, folder });
    const foreseen = await sync('taxii.yml --dry-run');
    expect(foreseen.out).toMatch(/^created PollService synced\ncreated DataCollection kept\n/);
    expect(foreseen.out).toMatch(/This would be done: 2 created, \d+ disabled, \d+ deleted, 0 unchanged\.\n$/);
    expect((await run('data-collection show kept')).exit).toBe(1);
    expect((await sync('taxii.yml --force-delete')).out).toMatch(
      /^created PollService synced\ncreated DataCollection kept\ndeleted (?:.*\n)+2 created, \d+ deleted, 0 unchanged\.\n$/,
    );
    await writeFile(join(folder, 'taxii.json'), JSON.stringify({ apiRoots: [{ slug: 'r', title: 'R' }] }));
    expect((await sync('taxii.json --json')).json).toMatchObject({
      created: [{ type: 'TaxiiApiRoot', key: 'r' }],
      unchanged: 0,
      dryRun: false,
    });
    expect((await sync('taxii.yml')).out).toBe('2 unchanged.\n');
  });

  test('refuses a file that cannot be read, and one that says what cannot be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sync-'));
    expect(await say('threat sync none.yml', { gateway, folder })).toMatchObject({
      exit: 2,
      err: expect.stringContaining('none.yml cannot be read'),
    });
    await writeFile(join(folder, 'bad.yml'), 'services: [');
    expect((await say('threat sync bad.yml', { gateway, folder })).exit).toBe(2);
    await writeFile(join(folder, 'accounts.yml'), 'accounts:\n  - username: test\n    password: test\n');
    expect(await say('threat sync accounts.yml', { gateway, folder })).toMatchObject({
      exit: 1,
      err: expect.stringContaining('gatehouse account create'),
    });
  });
});
