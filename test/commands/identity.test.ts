import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[], input?: string) =>
  say(line, { gateway, ...(input !== undefined && { input }) });

describe('account', () => {
  test('is created with roles and permissions, its password read from standard input', async () => {
    await run('site create SJC');
    const created = await run(
      'account create ann --email ann@example.org --role network-reader --permission network:write@site/SJC --password-stdin',
      'a password of her own\nnot this line\n',
    );
    expect(created).toMatchObject({ exit: 0, out: 'Created account ann.\n', err: '' });
    const login = `mutation { login(input: { name: "ann", password: "a password of her own" }) { __typename } }`;
    expect((await gateway.execute({ document: login })).data?.login).toEqual({ __typename: 'LoginSuccess' });
    const { out } = await run('account list');
    expect(out).toMatch(/^NAME +EMAIL +KIND +ACTIVE +ROLES +PERMISSIONS\n/);
    expect(out).toMatch(/ann +ann@example\.org +HUMAN +yes +network-reader +network:write@site\/SJC\n/);
  });

  test('without a password where one is to be read is wrong usage', async () => {
    expect(await run('account create bob --password-stdin', '')).toMatchObject({
      exit: 2,
      err: 'USAGE: --password-stdin: standard input holds no password.\n',
    });
  });

  test('is told of every fault at once', async () => {
    const { exit, err } = await run(['account', 'create', 'a b', '--email', 'nonsense'], '');
    expect(exit).toBe(1);
    expect(err).toMatch(
      /^BAD_USER_INPUT: 2 fields are at fault\.\n {2}name: .+\n {2}email: .+\n {2}Correct the named fields\.\n$/,
    );
  });

  test('gets permissions and loses them, by name or email', async () => {
    await run('account create eve --email eve@example.org');
    expect((await run('account grant eve event:read system:read')).out).toBe(
      'Changed: eve has event:read system:read.\n',
    );
    expect((await run('account grant eve@example.org event:read')).out).toBe(
      'Nothing to change: eve has event:read system:read.\n',
    );
    expect((await run('account revoke eve event:read system:read --json')).json).toMatchObject({
      changed: true,
      account: { name: 'eve', permissions: [] },
    });
    expect(await run('account grant eve nonsense')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('Invalid permission "nonsense".'),
    });
    expect((await run('account grant nobody event:read')).err).toMatch(/^NOT_FOUND: account \[nobody\] not found/);
  });
});

describe('key', () => {
  test('is shown once, works, and does not any more when it is revoked', async () => {
    await run('account create robot --kind service --permission network:read');
    const { json, err, exit } = await run('key create backup --account robot --permission network:read --json');
    const { key, apiKey } = json as { key: string; apiKey: { id: string } };
    expect([exit, err]).toEqual([0, 'The key is shown this once: keep it where secrets are kept.\n']);
    const ask = async () => {
      const response = await gateway.fetch(
        new Request('http://localhost/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          body: JSON.stringify({ query: '{ profile { account { name } } }' }),
        }),
      );
      return response.json();
    };
    expect(await ask()).toMatchObject({ data: { profile: { account: { name: 'robot' } } } });
    expect((await run(`key revoke ${apiKey.id}`)).out).toBe('Revoked API key backup.\n');
    expect(await ask()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  test('of nobody is wrong usage in this process, where nobody is signed in', async () => {
    expect(await run('key create lost')).toMatchObject({ exit: 2, err: 'USAGE: Say whose key it is: --account.\n' });
  });
});

describe('event', () => {
  beforeAll(async () => {
    await run('site create Events');
    await run('device create r1 --site Events');
    await run('device create r2 --site Events');
  });

  test('lists the newest first, by name', async () => {
    const { json } = await run('event list --name network.device.* --limit 2 --json');
    const events = json as { name: string; sequence: string; data: { device: { hostname: string } } }[];
    expect(events.map(({ data }) => data.device.hostname)).toEqual(['r2', 'r1']);
    expect(Number(events[0]?.sequence)).toBeGreaterThan(Number(events[1]?.sequence));
    const { out } = await run('event list --name network.device.created --limit 1');
    expect(out).toMatch(/^SEQUENCE +WHEN +EVENT +ACTOR +SUBJECT\n +\d+ +\S+ +network\.device\.created +system +\S+\n$/);
  });

  test('follows what happens after a cursor, in order, as many as asked for', async () => {
    const [site] = (await run('event list --name network.site.created --limit 1 --json')).json as { cursor: string }[];
    const { out } = await run(`event tail --name network.device.* --after ${site?.cursor} --count 2 --json`);
    const hostnames = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).data.device.hostname);
    expect(hostnames).toEqual(['r1', 'r2']);
  });

  test('follows from now on until it is stopped', async () => {
    const stopping = new AbortController();
    const tailing = say('event tail --name network.device.created', { gateway, stopped: stopping.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await run('device create r3 --site Events');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    stopping.abort();
    const { exit, out } = await tailing;
    expect(exit).toBe(0);
    expect(out).toMatch(/^\d+ \S+ network\.device\.created by system \{"device":\{.*"hostname":"r3".*\}\}\n$/);
  });

  test('shows the state of the log, and begins a new life of it', async () => {
    const before = (await run('event epoch --json')).json as { epoch: string; head: string };
    expect(before.epoch).toMatch(/^[a-z2-7]{10}$/);
    const after = (await run('event epoch --new --json')).json as { epoch: string };
    expect(after.epoch).not.toBe(before.epoch);
    expect((await run('event epoch')).out).toMatch(/^epoch +\S+\nhead +\d+\nfloor +1\n/);
  });

  test('trims what is older than its time', async () => {
    expect(await run('event trim')).toMatchObject({ exit: 0, out: 'Nothing is missing from event 1 on.\n' });
    await run('event epoch');
    const { json } = await run('event trim --live 0 --audit 0 --json');
    expect((json as { floor: number }).floor).toBeGreaterThan(1);
    expect((await run('event trim --live soon')).err).toMatch(/^BAD_USER_INPUT: "soon" is no duration/);
  });
});

describe('an account that changes', () => {
  const signIn = async (name: string, password: string) => {
    const document = `mutation { login(input: { name: "${name}", password: "${password}" }) { __typename } }`;
    const { data } = await gateway.execute({ document });
    return (data?.login as { __typename: string } | undefined)?.__typename;
  };

  test('is updated, gets a password, is deactivated and let act again, and is deleted', async () => {
    const made = await run('account create cid --email cid@example.org --json');
    expect((made.json as { secretKey: string }).secretKey).toMatch(/^[\w-]{43}=$/);
    expect(
      (await run(['account', 'update', 'cid', '--real-name', 'Cid', '--email', 'none', '--role', 'standard'])).out,
    ).toBe('Updated account cid.\n');
    expect((await run(['account', 'update', 'cid', '--real-name', 'Cid'])).out).toBe('Nothing to change: cid.\n');
    expect((await run('account update cid --json')).json).toMatchObject({ email: null, roles: [{ name: 'standard' }] });
    expect((await run('account password cid', 'tall grass and rain\n')).out).toBe(
      'Changed the password of account cid.\n',
    );
    expect(await signIn('cid', 'tall grass and rain')).toBe('LoginSuccess');
    expect((await run('session list --account cid --json')).json).toHaveLength(1);
    expect((await run('account deactivate cid')).out).toBe('Deactivated account cid.\n');
    expect((await run('session list --account cid --json')).json).toEqual([]);
    expect(await signIn('cid', 'tall grass and rain')).toBe('AuthenticationError');
    expect((await run('account update cid --active')).out).toBe('Updated account cid.\n');
    expect(await signIn('cid', 'tall grass and rain')).toBe('LoginSuccess');
    expect((await run('account delete cid')).out).toBe('Deleted account cid.\n');
    expect(await run('account delete cid')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('NOT_FOUND: account [cid] not found'),
    });
    expect((await run('account delete admin')).err).toMatch(/^CONFLICT: The last administrator must stay\./);
    expect((await run('account password admin', '')).exit).toBe(2);
  });
});

describe('role', () => {
  test('is created, listed, updated and deleted', async () => {
    expect((await run('role create noc --permission role:read --role standard')).out).toBe('Created role noc.\n');
    expect((await run('role list')).out).toMatch(/noc +yes +no +standard +role:read\n/);
    expect((await run('role update noc --inactive --json')).json).toMatchObject({ isActive: false });
    expect((await run('role update noc --active --name noc2')).out).toBe('Updated role noc2.\n');
    expect((await run('role update noc2 --active')).out).toBe('Nothing to change: noc2.\n');
    expect((await run('role delete standard')).err).toMatch(/^CONFLICT: Role standard is built in and stays\./);
    expect((await run('role delete noc2')).out).toBe('Deleted role noc2.\n');
    expect((await run('role delete noc2')).err).toMatch(/^NOT_FOUND: role \[noc2\] not found/);
  });
});

describe('session', () => {
  test('is listed and ended, one or all of an account', async () => {
    await run('account create dee --password-stdin', 'tall grass and rain\n');
    const login =
      'mutation { login(input: { name: "dee", password: "tall grass and rain", label: "lap" }) { __typename } }';
    for (let times = 0; times < 3; times += 1) await gateway.execute({ document: login });
    const listed = await run('session list --account dee --json');
    const [newest, ...others] = listed.json as { id: string; label: string }[];
    expect([newest?.label, others.length]).toEqual(['lap', 2]);
    expect((await run(`session end ${newest?.id}`)).out).toBe('Ended the session.\n');
    expect((await run(`session end ${newest?.id}`)).err).toMatch(/^NOT_FOUND: session not found/);
    expect((await run('session end --account dee')).out).toBe('Ended 2 sessions of dee.\n');
    for (const line of ['session end', `session end ${newest?.id} --account dee`, 'session list'])
      expect((await run(line)).exit).toBe(2);
  });
});
