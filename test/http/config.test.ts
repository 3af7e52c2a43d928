import { describe, expect, test } from 'vitest';
import { doorSections } from '#http/config.ts';
import { configKeys } from '#kernel/config-keys.ts';
import { readConfig } from '#kernel/config-values.ts';
import { doorConfig } from './support.ts';

describe('the config of the doors', () => {
  test('has safe defaults', () => {
    expect(doorConfig()).toEqual({
      http: { host: '127.0.0.1', port: 4000, maxBodyBytes: 16 * 1024 ** 2, allowedOrigins: [], trustedProxies: [] },
      graphql: {
        limits: { depth: 15, cost: 50_000, aliases: 50, rootFields: 20, tokens: 5000, batch: 1 },
        introspection: 'signed-in',
        graphiql: true,
        trustedDocuments: { only: false },
      },
      metrics: { addresses: ['loopback'] },
    });
  });

  test('is set by the environment', () => {
    const read = readConfig(
      doorSections,
      {},
      {
        PORT: '8080',
        GATEHOUSE_HTTP_ALLOWED_ORIGINS: 'https://a.example,https://b.example',
        GATEHOUSE_GRAPHQL_LIMITS_DEPTH: '7',
      },
    );
    expect(read.section('http')).toMatchObject({
      port: 8080,
      allowedOrigins: ['https://a.example', 'https://b.example'],
    });
    expect(read.section('graphql')).toMatchObject({ limits: { depth: 7, cost: 50_000 } });
  });

  test.each([
    [{ http: { allowedOrigins: ['*'] } }, 'http.allowedOrigins.0', 'is no origin'],
    [{ http: { allowedOrigins: ['https://a.example/path'] } }, 'http.allowedOrigins.0', 'is no origin'],
    [{ http: { trustedProxies: ['my-proxy'] } }, 'http.trustedProxies.0', 'is no address'],
    [{ http: { trustedProxies: ['10.0.0.0/99'] } }, 'http.trustedProxies.0', 'is no address'],
    [{ http: { port: 70_000 } }, 'http.port', '65535'],
    [{ http: { publicUrl: 'ftp://a' } }, 'http.publicUrl', 'Invalid URL'],
    [{ graphql: { introspection: 'sometimes' } }, 'graphql.introspection', 'signed-in'],
    [{ graphql: { trustedDocuments: { only: true } } }, 'graphql.trustedDocuments', 'no file is given'],
    [{ graphql: { limit: 3 } }, 'graphql.limit', 'is no key that a listed plugin knows'],
    [{ metrics: { addresses: ['everybody'] } }, 'metrics.addresses.0', 'is no address'],
  ])('refuses %j, naming the key', (file, path, message) => {
    expect(() => doorConfig(file)).toThrow(path);
    expect(() => doorConfig(file)).toThrow(message);
  });

  test('describes every key', () => {
    expect(configKeys(doorSections).filter((key) => key.description === '')).toEqual([]);
  });
});
