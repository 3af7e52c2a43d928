import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keys } from '#kernel/config.ts';
import type { Route } from '#kernel/plugin.ts';
import { definePlugin } from '#plugins/define.ts';
import { info } from '#plugins/info.ts';
import { openRooms, type Roomer, type Rooms } from '../support/rooms.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-assets-'));
const files = join(folder, 'files');
mkdirSync(join(files, 'sub'), { recursive: true });
mkdirSync(join(folder, 'files-secret'));
writeFileSync(join(folder, 'secret.txt'), 'secret');
writeFileSync(join(folder, 'files-secret', 'secret.txt'), 'secret');
writeFileSync(join(files, 'index.html'), '<h1>home</h1>');
writeFileSync(join(files, 'a b.css'), 'body{}');
writeFileSync(join(files, 'empty.txt'), '');
writeFileSync(join(files, '.env'), 'secret');
writeFileSync(join(files, 'sub', 'index.html'), 'sub');
symlinkSync(join(folder, 'secret.txt'), join(files, 'outside.txt'));
symlinkSync(join(folder, 'files-secret'), join(files, 'outside'));
symlinkSync(join(files, 'a b.css'), join(files, 'inside.css'));

const route = (method: Route['method'], path: string, over: Partial<Route> = {}): Route => ({
  method,
  path,
  description: `${method} ${path}.`,
  handle: async (_, ctx, named) => Response.json({ method, viewer: ctx.viewer.name, ...named }),
  ...over,
});

const acme = definePlugin({
  name: 'acme',
  version: '1.0.0',
  description: 'Mounts things.',
  routes: [
    route('GET', '/reports/:id', { name: 'acme.reports', title: 'Reports', tags: ['finance'] }),
    route('POST', '/reports/:id', { name: 'acme.reports', title: 'Reports', tags: ['finance'] }),
    route('DELETE', '/reports/:id', { name: 'acme.reports', title: 'Reports', tags: ['finance'] }),
    route('GET', '/reports/latest', { permission: 'system:read' }),
    route('GET', '/open', { permission: null }),
    route('GET', '/named/:tenant*/:rest', { name: 'acme.named' }),
    route('POST', '/named/:tenant*/:rest', { name: 'acme.named' }),
    route('PUT', '/deep/:first/:rest*', { permission: null }),
  ],
  links: [
    ...['one', 'two', 'three', 'four'].map((place) => ({
      path: `/go/${place}`,
      name: 'acme.wiki',
      title: 'Wiki',
      description: 'The wiki.',
      enterUrl: 'https://wiki.example.org/',
      since: '2025-12-01',
    })),
    { path: '/old', description: 'Old.', enterUrl: '/new', permission: null, since: '2020-01-01' },
  ],
  assets: [
    { path: '/files', directory: files, description: 'Files.', permission: null },
    { path: '/app', directory: files, description: 'An app.', permission: null, spa: true },
    { path: '/locked', directory: files, description: 'Locked files.', title: 'Locked' },
  ],
});

const wire = definePlugin({
  name: 'wire',
  version: '1.0.0',
  description: 'Speaks a protocol.',
  config: keys({ base: z.string().default('/wire').describe('Where its door is.') }),
  doors: ({ base }) => [
    {
      path: `${base}/v1/`,
      methods: ['GET', 'POST'],
      description: 'The door of a protocol.',
      handle: async ({ request, enter }) => new Response(`${request.method} ${(await enter()).viewer.name}`),
    },
  ],
});

let rooms: Rooms;
let url: string;
beforeAll(async () => {
  rooms = await openRooms({ http: { port: 0 }, wire: { base: '/moved' } }, [info, acme, wire]);
  url = await rooms.gateway.listen();
});
afterAll(async () => {
  await rooms.gateway.dispose();
  rmSync(folder, { recursive: true });
});

const call = (path: string, { by, ...init }: RequestInit & { by?: Roomer } = {}) =>
  fetch(`${url}${path}`, {
    redirect: 'manual',
    ...init,
    headers: { ...init.headers, ...(by && { authorization: `Bearer ${by.key}` }) },
  });
const statusOf = async (path: string, init: Parameters<typeof call>[1] = {}) => (await call(path, init)).status;

/** A request target as it is written, which no client library sends. */
const raw = (path: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });

describe('routes', () => {
  test('ask for the verb of their method on their name before they answer', async () => {
    const reader = await rooms.roomer('api:read@acme.rep');
    expect(await (await call('/reports/7%20a', { by: reader })).json()).toEqual({
      method: 'GET',
      viewer: reader.account.name,
      id: '7 a',
    });
    expect(await statusOf('/reports/7', { by: reader, method: 'HEAD' })).toBe(200);
    const refused = await call('/reports/7', { by: reader, method: 'POST' });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: { code: 'FORBIDDEN', message: 'Needs api:create on acme.reports.' } },
    ]);
    expect(await statusOf('/reports/7')).toBe(401);
    const writer = await rooms.roomer('api:use@acme.');
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(await statusOf('/reports/7', { by: writer, method })).toBe(200);
    expect(await statusOf('/open')).toBe(200);
  });

  test('with a path of plain words go before those with names', async () => {
    const reader = await rooms.roomer('api:read@acme.reports');
    expect(await statusOf('/reports/latest', { by: reader })).toBe(403);
    const other = await rooms.roomer('system:read', 'api:create');
    expect(await statusOf('/reports/latest', { by: other })).toBe(200);
    expect(await statusOf('/reports/latest', { by: other, method: 'POST' })).toBe(200);
  });

  test('that are unknown are 404, with another method 405 that says which', async () => {
    expect(await statusOf('/reports')).toBe(404);
    expect(await statusOf('/reports/7/8')).toBe(404);
    const refused = await call('/reports/7', { method: 'PUT' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, HEAD']);
    expect((await call('/files', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
    expect((await call('/old', { method: 'DELETE' })).status).toBe(405);
    expect(await (await call('/deep/a/b/c%3Fd/e', { method: 'PUT' })).json()).toMatchObject({
      first: 'a',
      rest: 'b/c?d/e',
    });
    for (const path of ['/deep/a/b%2Fc', '/deep/a/b%00', '/deep/a/%ff', '/deep/a/b%5Cc'])
      expect(await statusOf(path, { method: 'PUT' }), path).toBe(400);
  });

  test('of a tenant are for who has exactly that tenant, and the right of the route', async () => {
    const one = await rooms.roomer('api:read@acme.named', 'tenant:use@tenant/client1');
    const answer = await call('/named/client1/', { by: one });
    expect([answer.status, await answer.json()]).toMatchObject([200, { tenant: 'client1', rest: '' }]);
    for (const path of ['/named/client2/abc', '/named/client1/unit2/abc', '/named/client/abc', '/named/CLIENT1/'])
      expect(await statusOf(path, { by: one }), path).toBe(403);
    expect(await statusOf('/named/client1/', { by: one, method: 'POST' })).toBe(403);
    const two = await rooms.roomer('api:use@acme.named', 'tenant:use@tenant/client1/unit2');
    expect(await (await call('/named/client1/unit2/abc', { by: two, method: 'POST' })).json()).toMatchObject({
      tenant: 'client1/unit2',
      rest: 'abc',
    });
    expect(await statusOf('/named/client1/', { by: two })).toBe(403);
    const three = await rooms.roomer('tenant:use');
    expect(await statusOf('/named/client1/', { by: three })).toBe(403);
    expect(await statusOf('/named/client1/')).toBe(401);
  });
});

describe('links', () => {
  test('lead where they say, for those who may', async () => {
    const answer = await call('/old');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/new']);
    expect(await statusOf('/go/one')).toBe(401);
    const reader = await rooms.roomer('api:read@acme.wiki');
    expect((await call('/go/three', { by: reader })).headers.get('location')).toBe('https://wiki.example.org/');
  });
});

describe('folders of files', () => {
  test('give files with their type, a strong tag and an index', async () => {
    const file = await call('/files/a%20b.css');
    expect(await file.text()).toBe('body{}');
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'content-length': '6',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
    });
    const etag = file.headers.get('etag') ?? '';
    for (const given of [etag, `"x", W/${etag}`, '*']) {
      const again = await call('/files/a%20b.css', { headers: { 'if-none-match': given } });
      expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, '']);
    }
    const head = await call('/files/a%20b.css', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '6', '']);
    expect(await (await call('/files/')).text()).toBe('<h1>home</h1>');
    expect(await (await call('/files/sub/')).text()).toBe('sub');
    expect((await call('/files')).headers.get('location')).toBe('/files/');
    expect((await call('/files/sub?a=1')).headers.get('location')).toBe('/files/sub/?a=1');
    expect(await (await call('/files/empty.txt')).text()).toBe('');
    writeFileSync(join(files, 'a b.css'), 'body{ }');
    const changed = await call('/files/a%20b.css', { headers: { 'if-none-match': etag } });
    expect([changed.status, await changed.text()]).toEqual([200, 'body{ }']);
  });

  test('never give what lies outside, whatever leads there', async () => {
    expect(await (await call('/files/inside.css')).text()).toContain('body');
    for (const path of [
      '/files/outside.txt',
      '/files/outside/secret.txt',
      '/files/../secret.txt',
      '/files/%2e%2e/secret.txt',
      '/files/..%2fsecret.txt',
      '/files/%2e%2e%2fsecret.txt',
      '/files/..%5csecret.txt',
      '/files/sub/..%2f..%2fsecret.txt',
      '/files/.env',
      '/files/%00',
      '/files//etc/passwd',
      '/files/%2fetc%2fpasswd',
      '/files/..;/secret.txt',
      '/files-secret/secret.txt',
      '/files/nothing.css',
      '/files/sub/nothing',
      `/files/${'x'.repeat(300)}`,
    ]) {
      const answer = await raw(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.body).not.toContain('secret"}');
    }
  });

  test('answer with the page of an app for paths that name no file, where that is said', async () => {
    for (const path of ['/app/', '/app/users/7', '/app/users/ann.example', '/app/index.html'])
      expect(await (await call(path)).text(), path).toBe('<h1>home</h1>');
    expect(await statusOf('/app/missing.js')).toBe(404);
    expect(await statusOf('/files/users/7')).toBe(404);
  });

  test('are for those who may read them', async () => {
    expect(await statusOf('/locked/index.html')).toBe(401);
    expect(await statusOf('/locked/index.html', { by: await rooms.roomer('api:update') })).toBe(403);
    expect(await statusOf('/locked/index.html', { by: await rooms.roomer('api:read@acme.locked') })).toBe(200);
  });
});

describe('the door of a protocol', () => {
  test('is where the config of its plugin says, and knows who calls', async () => {
    const caller = await rooms.roomer();
    const answer = await call('/moved/v1/x', { by: caller, method: 'PROPFIND' });
    expect([answer.status, await answer.text()]).toEqual([200, `PROPFIND ${caller.account.name}`]);
    expect(await statusOf('/wire/v1/')).toBe(404);
  });
});

describe('the list of endpoints', () => {
  const fields = 'id name plugin kind title subtitle description author tags methods path enterUrl permission emits';
  const list = async (by: Roomer, args = '', selected = fields) => {
    const { data, errors } = await by.ask(`{ endpoints${args} { totalCount nodes { ${selected} } } }`);
    if (errors) throw new Error(JSON.stringify(errors));
    return data.endpoints;
  };
  const named = async (by: Roomer, args: string) =>
    (await list(by, args)).nodes.map(({ name }: { name: string }) => name);

  test('shows what one may enter, by title, and one class at four places four times', async () => {
    const reader = await rooms.roomer('api:delete@acme.');
    const { nodes, totalCount } = await list(reader);
    expect(nodes.map(({ title, path }: { title: string; path: string }) => [title, path])).toEqual([
      ['/app', '/app'],
      ['/files', '/files'],
      ['/old', '/old'],
      ['Locked', '/locked'],
      ...nodes.slice(4).map(({ path }: { path: string }) => ['Wiki', path]),
    ]);
    expect(totalCount).toBe(8);
    const wikis = nodes.slice(4);
    expect(new Set(wikis.map(({ id }: { id: string }) => id)).size).toBe(4);
    expect(wikis[0]).toMatchObject({
      name: 'acme.wiki',
      subtitle: 'acme.wiki',
      plugin: 'acme',
      author: 'acme',
      kind: 'LINK',
      tags: ['new'],
      methods: ['GET', 'HEAD'],
      enterUrl: 'https://wiki.example.org/',
      permission: 'api:<verb>@acme.wiki',
    });
    expect(nodes[2].tags).toEqual([]);
    const stranger = await rooms.roomer();
    expect(await named(stranger, '')).toEqual(['acme.app', 'acme.files', 'acme.old']);
    const again = await openRooms({}, [info, acme]);
    const other = await again.roomer('api:delete@acme.');
    expect((await list(other)).nodes).toEqual(nodes);
    await again.gateway.dispose();
  });

  test('shows what programs call when that is asked for', async () => {
    const reader = await rooms.roomer('api:create@acme.reports', 'store:write', 'tenant:use@tenant/x');
    expect(await named(reader, '(search: "!reports")')).toEqual(['acme.reports']);
    expect(await named(reader, '(search: "reports")')).toEqual([]);
    expect(await named(reader, '(api: true, tags: ["finance"])')).toEqual(['acme.reports']);
    const { nodes } = await list(reader, '(search: "!storedocument")', `${fields} arguments`);
    expect(nodes.map(({ name }: { name: string }) => name)).toEqual(['storeDocumentDelete', 'storeDocumentReplace']);
    expect(nodes[1]).toMatchObject({
      plugin: 'store',
      kind: 'MUTATION',
      title: 'Store document replace',
      tags: ['api', 'graphql'],
      methods: ['POST'],
      path: '/graphql',
      permission: 'store:write@/path',
      emits: ['platform.storeDocument.replaced'],
      description: 'Sets the whole body of a document, and makes it where there is none below an existing one.',
      arguments: [{ name: 'input', type: 'StoreDocumentReplaceInput!', required: true, description: 'What to do.' }],
    });
    const report = (await list(reader, '(search: "!reports")')).nodes[0];
    expect(report.methods).toEqual(['GET', 'POST', 'DELETE']);
    const { data } = await reader.ask('query ($id: ID!) { endpoint(id: $id) { name } node(id: $id) { id } }', {
      id: report.id,
    });
    expect(data).toEqual({ endpoint: { name: 'acme.reports' }, node: { id: report.id } });
    const stranger = await rooms.roomer('api:read@acme.other');
    expect((await stranger.ask('query ($id: ID!) { endpoint(id: $id) { name } }', { id: report.id })).data).toEqual({
      endpoint: null,
    });
    expect((await list(stranger, '(api: true, search: "!wire")')).nodes).toEqual([
      expect.objectContaining({
        kind: 'ROUTE',
        name: 'wire.moved.v1',
        path: '/moved/v1/',
        methods: ['GET', 'POST'],
        permission: null,
      }),
    ]);
    const all = await rooms.roomer('*');
    const tags = (await all.ask('{ endpointTags { tag count } }')).data.endpointTags;
    expect(tags).toContainEqual({ tag: 'new', count: 4 });
    expect(tags).toContainEqual({ tag: 'finance', count: 1 });
    expect(await named(all, '(api: true, search: "! named")')).toEqual(['acme.named']);
    expect(await named(await rooms.roomer('api:use'), '(api: true, search: "named tenant")')).toEqual([]);
    expect((await rooms.ask('{ endpoints { totalCount } }')).errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  });

  test('stands beside the version, which everybody may ask for', async () => {
    const { data } = await rooms.ask('{ version { gatehouse node } }');
    expect(data.version).toEqual({ gatehouse: expect.stringMatching(/^\d+\.\d+\.\d+/), node: process.versions.node });
  });
});
