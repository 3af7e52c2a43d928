import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { furnishRooms, indicatorK } from '../../support/taxii-rooms.ts';
import { openTaxii2, type Received, refusal, type Taxii2 } from './gateway.ts';

const noon = '2024-01-01T12:00:00.000000Z';
const speaks = { versions: ['application/taxii+json;version=2.1'] };

describe('the discovery', () => {
  test('tells title, contact, all roots, and which to begin with', async () => {
    const taxii2 = await openTaxii2({ taxii: { title: 'Feeds', description: 'Ours.', contact: 'soc@example.org' } });
    const ctx = taxii2.identity.system;
    const one = await createApiRoot(ctx, { title: 'R1', isDefault: true, slug: 'trust' });
    const other = await createApiRoot(ctx, { title: 'R2' });
    const paths = ['/taxii2/trust/', `/taxii2/${other.id}/`];
    const { body } = await taxii2.send('/taxii2/');
    expect(body).toEqual({
      title: 'Feeds',
      description: 'Ours.',
      contact: 'soc@example.org',
      default: '/taxii2/trust/',
      api_roots: paths,
    });
    const key = await taxii2.key();
    expect((await taxii2.send('/taxii2/', { key })).body).toEqual(body);
    for (const path of ['/taxii2/trust/', `/taxii2/${one.id}/`])
      expect((await taxii2.send(path, { key })).body).toEqual({
        title: 'R1',
        ...speaks,
        max_content_length: 209715200,
      });
    await taxii2.identity.gateway.dispose();
  });

  test('leaves out what has no value, and may be closed to whoever has no credential', async () => {
    const taxii2 = await openTaxii2({ taxii: { publicDiscovery: false } });
    const key = await taxii2.key();
    expect((await taxii2.send('/taxii2/', { key })).body).toEqual({ title: 'Gatehouse', api_roots: [] });
    const answer = await taxii2.send('/taxii2/');
    expect(refusal(answer)).toEqual([401, 'Unauthorized', 'Sign in: this needs an account.']);
    await createApiRoot(taxii2.identity.system, { title: 'a root', isPublic: true });
    expect((await taxii2.send('/taxii2/', { key })).body).not.toHaveProperty('default');
    await taxii2.identity.gateway.dispose();
  });

  test('is not there where the config says so', async () => {
    const taxii2 = await openTaxii2({ taxii: { taxii2: { enabled: false } } });
    expect((await taxii2.send('/taxii2/')).status).toBe(404);
    await taxii2.identity.gateway.dispose();
  });
});

describe('API roots and collections', () => {
  let taxii2: Taxii2;
  let rooms: Awaited<ReturnType<typeof furnishRooms>>;
  let user: string;
  let base: string;
  beforeAll(async () => {
    taxii2 = await openTaxii2({ threat: { maxContentLength: 1024 } });
    rooms = await furnishRooms(taxii2.identity.system, noon);
    user = await taxii2.key(...rooms.grants);
    base = `/taxii2/${rooms.root.id}/`;
  });
  afterAll(() => taxii2.identity.gateway.dispose());

  const statusOf = async (path: string, key: string | null = null) => (await taxii2.send(path, { key })).status;

  test('tell what they are', async () => {
    expect((await taxii2.send(base, { key: user })).body).toEqual({
      title: 'first title',
      description: 'first description',
      ...speaks,
      max_content_length: 1024,
    });
    expect((await taxii2.send(`/taxii2/${rooms.open.id}/`)).body).toEqual({
      title: 'second title',
      ...speaks,
      max_content_length: 1024,
    });
  });

  test('are seen by every account; by whoever has none when they are public', async () => {
    const nobody = await taxii2.key();
    for (const path of ['', 'collections/']) {
      expect(await statusOf(`${base}${path}`, nobody)).toBe(200);
      expect(await statusOf(`${base}${path}`)).toBe(401);
      expect(await statusOf(`/taxii2/${rooms.open.id}/${path}`)).toBe(200);
      for (const unknown of ['nothing', '00000000-0000-4000-8000-000000000000', '%00', "a'b"]) {
        expect(await statusOf(`/taxii2/${unknown}/${path}`, nobody)).toBe(404);
        expect(await statusOf(`/taxii2/${unknown}/${path}`)).toBe(401);
      }
    }
  });

  test('list all collections, the forbidden ones without any right', async () => {
    const { body } = await taxii2.send(`${base}collections/`, { key: user });
    const rights = body.collections.map((one: Record<string, unknown>) => [one.title, one.can_read, one.can_write]);
    expect(rights).toEqual([
      ['0Read only', true, false],
      ['1Write only', false, true],
      ['2Read/Write', true, true],
      ['3No permissions', false, false],
      ['4No description', true, true],
      ['5With alias', true, true],
      ['6Public', true, false],
      ['7Publicwrite', false, true],
    ]);
    expect(body.collections[5]).toEqual({
      id: rooms.c5.id,
      title: '5With alias',
      alias: 'this-is-an-alias',
      can_read: true,
      can_write: true,
      media_types: ['application/stix+json;version=2.1'],
    });
    const { body: none } = await taxii2.send(`/taxii2/${rooms.open.id}/collections/`);
    expect(none).toEqual({});
  });

  test('of a public root show all collections to whoever has no credential, and each alone only with a right', async () => {
    const closed = await createCollection(taxii2.identity.system, { apiRoot: { id: rooms.open.id }, title: 'closed' });
    const readable = await createCollection(taxii2.identity.system, {
      apiRoot: { id: rooms.open.id },
      title: 'readable',
      isPublic: true,
    });
    const path = `/taxii2/${rooms.open.id}/collections/`;
    const { body } = await taxii2.send(path);
    expect(body.collections.map((one: Record<string, unknown>) => [one.title, one.can_read, one.can_write])).toEqual([
      ['closed', false, false],
      ['readable', true, false],
    ]);
    expect([await statusOf(`${path}${closed.id}/`), await statusOf(`${path}${readable.id}/`)]).toEqual([401, 200]);
  });

  test('show a collection to every account, with its rights as booleans', async () => {
    const grants = { none: [], all: ['*'], read: ['threat:read'], write: ['threat:write'] };
    const shown = await Promise.all(
      Object.entries(grants).map(async ([name, permissions]) => {
        const key = await taxii2.key(...permissions);
        const { body } = await taxii2.send(`${base}collections/${rooms.c3.id}/`, { key });
        return [name, body.can_read, body.can_write];
      }),
    );
    expect(shown).toEqual([
      ['none', false, false],
      ['all', true, true],
      ['read', true, false],
      ['write', false, true],
    ]);
  });

  test('show a collection to whoever has no credential when he reads or fills it', async () => {
    const of = async (id: string) => {
      const { status, body } = await taxii2.send(`${base}collections/${id}/`);
      return [status, body.can_read, body.can_write];
    };
    expect(await of(rooms.c6.id)).toEqual([200, true, false]);
    expect(await of(rooms.c7.id)).toEqual([200, false, true]);
    expect(await of(rooms.c0.id)).toEqual([401, undefined, undefined]);
    expect(await of('unknown')).toEqual([401, undefined, undefined]);
    expect(await statusOf(`${base}collections/unknown/`, user)).toBe(404);
    expect(await statusOf(`${base}collections/${rooms.c5.alias}/`, user)).toBe(200);
    expect(await statusOf(`/taxii2/${rooms.open.id}/collections/${rooms.c5.id}/`, user)).toBe(404);
    expect(await statusOf(`/taxii2/${rooms.open.id}/collections/${rooms.c5.alias}/`, user)).toBe(404);
  });

  test('follow the grants of whoever has no credential', async () => {
    await taxii2.open(`threat:read@collection/${rooms.c4.id}`);
    expect(await statusOf(`${base}collections/${rooms.c4.id}/objects/`)).toBe(200);
    await taxii2.open();
    expect(await statusOf(`${base}collections/${rooms.c4.id}/objects/`)).toBe(401);
  });

  test('refuse a bad credential, public as they may be', async () => {
    const paths = [
      '/taxii2/',
      `/taxii2/${rooms.open.id}/`,
      `${base}collections/${rooms.c6.id}/objects/${indicatorK}/`,
      '/taxii2/nothing/at/all',
    ];
    for (const path of paths)
      for (const authorization of ['Bearer broken', 'Basic somevalue', 'Basic dXNlcjp3cm9uZw==']) {
        const answer = await taxii2.send(path, { headers: { authorization } });
        expect([path, authorization, answer.status, answer.body.error_code]).toEqual([
          path,
          authorization,
          401,
          'UNAUTHENTICATED',
        ]);
        expect(challengesOf(answer)).toEqual(['Basic', 'Bearer']);
      }
    expect(challengesOf(await taxii2.send(base))).toEqual(['Basic', 'Bearer']);
  });

  test('take name and password', async () => {
    await taxii2.identity.person(rooms.grants, { name: 'analyst', password: 'a password of mine' });
    const authorization = `Basic ${btoa('analyst:a password of mine')}`;
    const answer = await taxii2.send(`${base}collections/${rooms.c5.id}/objects/`, { headers: { authorization } });
    expect([answer.status, answer.body.objects.length]).toEqual([200, 2]);
  });

  describe('statuses', () => {
    const tool = (at: string) => ({ type: 'tool', id: `tool--00000000-0000-4000-8000-0000000000${at}`, name: 'x' });

    test('are shown to their owner and to whoever may write there, to nobody else', async () => {
      const { body } = await taxii2.post(`${base}collections/${rooms.c5.id}/objects/`, [tool('01')], user);
      const path = `${base}status/${body.id}/`;
      const shown = await taxii2.send(path, { key: user });
      expect([shown.status, shown.body]).toEqual([200, body]);
      expect(
        (
          await taxii2.send(path.toUpperCase().replace('/TAXII2/', '/taxii2/').replace('/STATUS/', '/status/'), {
            key: user,
          })
        ).status,
      ).toBe(200);
      const writer = await taxii2.key(`threat:write@collection/${rooms.c5.id}`);
      const reader = await taxii2.key('threat:read');
      const admin = await taxii2.key('threat:admin');
      expect(await Promise.all([writer, admin, reader, null].map((key) => statusOf(path, key)))).toEqual([
        200, 200, 404, 401,
      ]);
      expect(await statusOf(`/taxii2/${rooms.open.id}/status/${body.id}/`, user)).toBe(404);
      for (const unknown of ['nothing', '00000000-0000-4000-8000-000000000000', '%00'])
        expect([
          await statusOf(`${base}status/${unknown}/`, user),
          await statusOf(`${base}status/${unknown}/`),
          await statusOf(`/taxii2/${rooms.open.id}/status/${unknown}/`),
        ]).toEqual([404, 401, 404]);
    });

    test('of whoever had no credential are shown to all who see the root', async () => {
      const everybody = await createCollection(taxii2.identity.system, {
        apiRoot: { id: rooms.open.id },
        title: 'everybody',
        isPublicWrite: true,
      });
      const path = `/taxii2/${rooms.open.id}/`;
      const { status, body } = await taxii2.post(`${path}collections/${everybody.id}/objects/`, [tool('02')]);
      expect([status, body.status]).toEqual([202, 'complete']);
      expect([await statusOf(`${path}status/${body.id}/`), await statusOf(`${path}status/${body.id}/`, user)]).toEqual([
        200, 200,
      ]);
      const closed = await taxii2.post(`${base}collections/${rooms.c7.id}/objects/`, [tool('03')]);
      expect([closed.status, await statusOf(`${base}status/${closed.body.id}/`)]).toEqual([202, 401]);
      expect(await statusOf(`${base}status/${closed.body.id}/`, user)).toBe(200);
    });
  });
});

const challengesOf = ({ headers }: Received): string[] => {
  const told = headers.get('www-authenticate') ?? '';
  return ['Basic', 'Bearer'].filter((scheme) => told.includes(scheme));
};
