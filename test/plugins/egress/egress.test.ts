import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EgressError } from '#kernel/egress.ts';
import { createEgress } from '#plugins/egress/guard.ts';
import { isPublicAddress } from '#plugins/egress/public-address.ts';

const second = 1000;
const port = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
const listening = (server: Server | TcpServer): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const server = createServer((incoming, outgoing) => {
  if (incoming.url === '/moved') outgoing.writeHead(302, { location: 'https://example.com/' }).end();
  else if (incoming.url === '/endless') {
    outgoing.writeHead(200);
    const write = () => {
      while (outgoing.write('x'.repeat(16_384)));
    };
    outgoing.on('drain', write).on('error', () => undefined);
    write();
  } else if (incoming.url === '/silent') return;
  else {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    incoming.on('end', () =>
      outgoing
        .writeHead(418, { 'retry-after': '7', 'x-seen': `${incoming.method} ${incoming.headers.host}` })
        .end(body),
    );
  }
});
/** Accepts and never says a word. */
const mute = createTcpServer((socket) => socket.on('error', () => undefined));

beforeAll(async () => {
  await Promise.all([listening(server), listening(mute)]);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  mute.close();
});

const post = (url: string, more = {}) => ({
  url,
  method: 'POST' as const,
  body: '{"a":1}',
  timeout: 5 * second,
  maxAnswerBytes: 65_536,
  ...more,
});
const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    (error) => (error instanceof EgressError ? error.reason : String(error)),
  );

describe('a public address', () => {
  test.each([
    '8.8.8.8',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.0.2.1',
    '192.168.0.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '2002:a00:1::1',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'localhost',
    '',
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test('is the same in every form that carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const form of [`::ffff:${address}`, `::ffff:${hex}`, `64:ff9b::${hex}`, `2002:${hex}::`])
          expect(isPublicAddress(form)).toBe(isPublicAddress(address));
      }),
    );
  });
});

describe('the guard', () => {
  const names: Record<string, { address: string; family: number }[]> = {
    'hooks.test': [{ address: '93.184.216.34', family: 4 }],
    'inside.test': [{ address: '10.0.0.7', family: 4 }],
    'mixed.test': [
      { address: '93.184.216.34', family: 4 },
      { address: '::ffff:127.0.0.1', family: 6 },
    ],
    'local.test': [{ address: '127.0.0.1', family: 4 }],
  };
  const resolve = async (name: string) => {
    const found = names[name];
    if (!found) throw new Error('ENOTFOUND');
    return found;
  };
  const closed = createEgress([], resolve);

  test.each([
    ['http://hooks.test/', 'Only https is allowed.'],
    ['ftp://hooks.test/', 'Only https is allowed.'],
    ['https://user:pass@hooks.test/', 'A URL must not hold a user name or password.'],
    ['hooks.test', 'This is no absolute URL.'],
    ['https://inside.test/', 'inside.test leads to 10.0.0.7, which is no public address.'],
    ['https://mixed.test/', 'mixed.test leads to ::ffff:127.0.0.1, which is no public address.'],
    ['https://nowhere.test/', 'The name nowhere.test cannot be resolved.'],
    ['https://127.0.0.1/', '127.0.0.1 is no public address.'],
    ['https://2130706433/', '127.0.0.1 is no public address.'],
    ['https://0x7f.1/', '127.0.0.1 is no public address.'],
    ['https://0177.0.0.1/', '127.0.0.1 is no public address.'],
    ['https://127.0.0.1./', '127.0.0.1 is no public address.'],
    ['https://[::ffff:127.0.0.1]/', '::ffff:7f00:1 is no public address.'],
    ['https://[fe80::1]/', 'fe80::1 is no public address.'],
    ['https://169.254.169.254/latest/meta-data', '169.254.169.254 is no public address.'],
  ])('refuses %s', async (url, message) => {
    expect(await closed.fault(url)).toContain(message);
    expect(await reasonOf(closed.send(post(url)))).toMatch(/^(BLOCKED_ADDRESS|CONNECT)$/);
  });

  test('lets a public target pass', async () => {
    expect(await closed.fault('https://hooks.test/path?x=1')).toBeNull();
  });

  test.each([['127.0.0.0/8'], ['local.test'], ['LOCAL.test']])('opens what the config allows by %s', async (entry) => {
    const egress = createEgress([entry], resolve);
    const answer = await egress.send(post(`http://local.test:${port(server)}/echo`));
    expect([answer.status, answer.body.toString(), answer.headers['retry-after'], answer.headers['x-seen']]).toEqual([
      418,
      '{"a":1}',
      '7',
      `POST local.test:${port(server)}`,
    ]);
  });

  test('connects to the address that it judged, though the name leads elsewhere by then', async () => {
    let asked = 0;
    const egress = createEgress(['127.0.0.1'], async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    });
    expect((await egress.send(post(`http://rebound.test:${port(server)}/`))).status).toBe(418);
    expect(asked).toBe(1);
    expect(await reasonOf(egress.send(post(`http://rebound.test:${port(server)}/`)))).toBe('BLOCKED_ADDRESS');
  });

  const open = createEgress(['127.0.0.1'], resolve);

  test('follows no redirect', async () => {
    const answer = await open.send(post(`http://127.0.0.1:${port(server)}/moved`));
    expect([answer.status, answer.headers.location]).toEqual([302, 'https://example.com/']);
  });

  test('reads no more of an answer than it was told', async () => {
    const answer = await open.send(post(`http://127.0.0.1:${port(server)}/endless`, { maxAnswerBytes: 1000 }));
    expect([answer.status, answer.body.length]).toEqual([200, 1000]);
  });

  test('tells no answer in time from no connection and from no secure one', async () => {
    const address = `127.0.0.1:${port(server)}`;
    expect(await reasonOf(open.send(post(`http://${address}/silent`, { timeout: 200 })))).toBe('TIMEOUT');
    expect(await reasonOf(open.send(post(`https://127.0.0.1:${port(mute)}/`, { timeout: 200 })))).toBe('TIMEOUT');
    expect(await reasonOf(open.send(post(`https://${address}/`)))).toBe('TLS');
    expect(await reasonOf(open.send(post('http://127.0.0.1:1/')))).toBe('CONNECT');
  });

  test('gives up a name server that never answers', async () => {
    const stuck = createEgress([], () => new Promise(() => undefined));
    expect(await reasonOf(stuck.send(post('https://hooks.test/', { timeout: 100 })))).toBe('TIMEOUT');
  });
});
