import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCallerReader } from '#http/caller.ts';
import { createOriginRules } from '#http/origin.ts';

const read = (
  trustedProxies: string[],
  peerAddress: string | null,
  headers: Record<string, string | string[]> = {},
  method = 'POST',
) =>
  createCallerReader({ trustedProxies })({
    method,
    header: (name) => [headers[name] ?? []].flat(),
    peerAddress,
  });

describe('the address of a caller', () => {
  test('is its peer when nobody is trusted, whatever the headers claim', () => {
    const { facts, host } = read([], '198.51.100.1', {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'bank.example',
      host: 'gatehouse.test',
    });
    expect(facts).toMatchObject({ address: '198.51.100.1', secure: false });
    expect(host).toBe('gatehouse.test');
  });

  test('is what the first trusted proxy saw', () => {
    const headers = {
      'x-forwarded-for': '6.6.6.6, 203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'gw.example',
    };
    const { facts, host } = read(['198.51.100.0/24'], '::ffff:198.51.100.1', headers);
    expect(facts).toMatchObject({ address: '203.0.113.9', secure: true });
    expect(host).toBe('gw.example');
  });

  test('is found behind several proxies, and not beyond what is no address', () => {
    const proxies = ['loopback', '10.0.0.0/8'];
    expect(read(proxies, '127.0.0.1', { 'x-forwarded-for': ['203.0.113.9, 10.1.1.1', '10.2.2.2'] }).facts.address).toBe(
      '203.0.113.9',
    );
    expect(read(proxies, '127.0.0.1', { 'x-forwarded-for': 'unknown, 10.1.1.1' }).facts.address).toBe('10.1.1.1');
    expect(read(proxies, '127.0.0.1', { 'x-forwarded-for': '10.1.1.1' }).facts.address).toBe('10.1.1.1');
    expect(read(proxies, '127.0.0.1').facts.address).toBe('127.0.0.1');
    expect(read(proxies, '127.0.0.1', { 'x-forwarded-for': '203.0.113.9:51234' }).facts.address).toBe('203.0.113.9');
    expect(read(proxies, '127.0.0.1', { 'x-forwarded-for': '[2001:db8::1]:443' }).facts.address).toBe('2001:db8::1');
    expect(read(proxies, null).facts.address).toBeNull();
  });

  test('cannot be chosen by a client, whatever it sends', () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (claim, real) => {
        fc.pre(!real.startsWith('127.'));
        const { facts } = read(['loopback'], '127.0.0.1', { 'x-forwarded-for': `${claim}, ${real}` });
        expect(facts.address).toBe(real);
      }),
    );
  });

  test('takes the scheme that the nearest proxy wrote, not one that a client put before it', () => {
    expect(read(['loopback'], '127.0.0.1', { 'x-forwarded-proto': 'https, http' }).facts.secure).toBe(false);
  });
});

describe('the facts of a request', () => {
  test('take over an id and a trace that are well formed', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(read([], null, { 'x-request-id': 'req-12345678', traceparent, 'user-agent': 'curl' }).facts).toEqual({
      id: 'req-12345678',
      address: null,
      userAgent: 'curl',
      traceparent,
      secure: false,
    });
  });

  test.each(['short', 'with space in it', 'x'.repeat(65), 'new\nline-12345', '{"json":true}'])(
    'make their own id in place of %j',
    (id) => {
      expect(read([], null, { 'x-request-id': id }).facts.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    },
  );

  test.each([
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    'garbage',
  ])('leave out the trace %s', (traceparent) => {
    expect(read([], null, { traceparent }).facts.traceparent).toBeNull();
  });
});

describe('pages of other origins', () => {
  const rules = createOriginRules({ allowedOrigins: ['https://console.example'], publicUrl: 'https://gw.example/' });
  const cookie = { cookie: 'gatehouse_session=good' };
  const from = (origin: string, more: Record<string, string> = {}) =>
    read([], '127.0.0.1', { host: 'localhost:4000', origin, ...more });
  const refused = (origin: string, more?: Record<string, string>) => {
    try {
      rules.refuseForeign(from(origin, more));
      return false;
    } catch {
      return true;
    }
  };

  test.each([
    'https://evil.example',
    'null',
    'http://localhost:4001',
    'http://localhost',
    'https://console.example.evil.test',
    'nonsense',
    'http://gw.example',
  ])('from %s are refused', (origin) => {
    expect(refused(origin, cookie)).toBe(true);
  });

  test.each([
    'http://localhost:4000',
    'https://localhost:4000',
    'https://console.example',
    'https://gw.example',
    'HTTP://LOCALHOST:4000',
  ])('from %s, this host or an allowed one, are not', (origin) => {
    expect(refused(origin, cookie)).toBe(false);
  });

  test('are refused with whatever credential a browser adds by itself', () => {
    expect(refused('https://evil.example')).toBe(true);
    expect(refused('https://evil.example', { authorization: 'Basic YTpi' })).toBe(true);
    expect(refused('https://evil.example', { authorization: 'Bearer gs_x', ...cookie })).toBe(true);
    expect(refused('https://evil.example', { authorization: 'Bearer gs_x' })).toBe(false);
  });

  test('are told the remedy', () => {
    expect(() => rules.refuseForeign(from('https://evil.example'))).toThrow(
      'Pages of "https://evil.example" may not call this gateway; http.allowedOrigins lists who may.',
    );
  });

  test('compare the default port with none', () => {
    const caller = read([], null, { host: 'gatehouse.test:443', origin: 'https://gatehouse.test' });
    expect(() => rules.refuseForeign(caller)).not.toThrow();
  });

  test('may read answers when they are allowed, and only then', () => {
    expect(Object.fromEntries(rules.headers(from('https://console.example')))).toEqual({
      vary: 'Origin',
      'access-control-allow-origin': 'https://console.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id, x-session-expires-at, retry-after, www-authenticate',
    });
    expect(rules.headers(from('https://evil.example'))).toEqual([['vary', 'Origin']]);
    expect(createOriginRules({ allowedOrigins: [] }).headers(from('https://evil.example'))).toEqual([]);
  });

  test('are told beforehand what they may send', () => {
    const ask = (origin: string) =>
      rules.preflight(
        read(
          [],
          null,
          { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, x-own' },
          'OPTIONS',
        ),
      );
    expect(ask('https://console.example')?.headers.get('access-control-allow-headers')).toBe('authorization, x-own');
    expect(ask('https://console.example')?.status).toBe(204);
    expect(ask('https://evil.example')?.headers.has('access-control-allow-methods')).toBe(false);
    expect(rules.preflight(read([], null, { origin: 'https://console.example' }, 'POST'))).toBeNull();
  });
});
