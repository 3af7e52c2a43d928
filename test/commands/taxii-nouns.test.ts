import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[]) => say(line, { gateway });
const json = async (line: string) => (await run(`${line} --json`)).json as Record<string, unknown>;

describe('taxii-api-root', () => {
  test('is created, shown, changed, replaced and deleted', async () => {
    const id = '5e113376-8a13-432d-b711-92f566ebbd92';
    expect(await run(['taxii-api-root', 'create', 'Trust', '--slug', 'trust', '--taxii-id', id])).toMatchObject({
      exit: 0,
      out: 'Created API root trust.\n',
    });
    const shown = await run('taxii-api-root show trust');
    expect(shown.out).toMatch(
      /^title +Trust\nslug +trust\ntaxiiId +5e11\S+\npath +\/taxii2\/trust\/\ndescription +-\ndefault +false\npublic +false\ncreated /,
    );
    expect((await run('taxii-api-root update trust --public --default')).out).toBe('Updated API root trust.\n');
    expect(await json(`taxii-api-root show ${id}`)).toMatchObject({ isPublic: true, isDefault: true, title: 'Trust' });
    expect(await json('taxii-api-root update trust --no-default --slug none')).toMatchObject({
      ...{ isPublic: true, isDefault: false, slug: null },
    });
    expect((await run(`taxii-api-root replace ${id} --title Again`)).out).toBe(`Replaced API root ${id}.\n`);
    expect(await json(`taxii-api-root show ${id}`)).toMatchObject({ isPublic: false, title: 'Again' });
    expect((await run(`taxii-api-root delete ${id}`)).out).toBe(`Deleted API root ${id}.\n`);
    expect(await run('taxii-api-root show trust')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^NOT_FOUND: TaxiiApiRoot not found: trust\./),
    });
  });

  test('with collections is deleted with --force only', async () => {
    await run('taxii-api-root create full --slug full');
    await run('taxii-collection create held --root full');
    expect(await run('taxii-api-root delete full')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('It has 1 collection with 0 versions of objects.'),
    });
    expect((await run('taxii-api-root delete full --force')).out).toBe('Deleted API root full.\n');
  });
});

describe('taxii-collection', () => {
  beforeAll(async () => {
    await run('taxii-api-root create One --slug one');
    await run('taxii-api-root create Two --slug two');
  });

  test('is created, shown, changed, replaced and deleted', async () => {
    expect((await run('taxii-collection create Indicators --root one --alias ind --public')).out).toBe(
      'Created collection one/ind.\n',
    );
    const { taxiiId } = await json('taxii-collection show one/ind');
    expect((await run('taxii-collection show one/ind')).out).toMatch(
      /^title +Indicators\nroot +one\nalias +ind\ntaxiiId +\S+\ndescription +-\nobjects +0\npublic +true\npublic write +false\n/,
    );
    const changed = await json('taxii-collection update one/ind --no-public --public-write -d text');
    expect(changed).toMatchObject({ isPublic: false, isPublicWrite: true, description: 'text', alias: 'ind' });
    expect((await run('taxii-collection replace one/ind --title Other')).out).toBe(`Replaced collection ${taxiiId}.\n`);
    await gateway
      .context()
      .use(collectionStore)
      .addToCounts([{ id: String(taxiiId), by: 2 }]);
    expect(await run(`taxii-collection delete ${taxiiId}`)).toMatchObject({
      exit: 1,
      err: expect.stringContaining('Other holds 2 versions of objects.'),
    });
    expect((await run(`taxii-collection delete ${taxiiId} --force`)).exit).toBe(0);
  });

  test('is listed by title, of one root or of all', async () => {
    await run('taxii-collection create b --root one --alias b');
    await run('taxii-collection create a --root one --alias a');
    await run('taxii-collection create c --root two --alias c');
    const names = async (line: string) =>
      ((await run(`${line} --json`)).json as { title: string }[]).map(({ title }) => title);
    expect(await names('taxii-collection list --root one')).toEqual(['a', 'b']);
    expect(await names('taxii-collection list')).toEqual(['a', 'b', 'c']);
    expect((await run('taxii-collection list --root one')).out.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^ROOT {2}ALIAS {2}TAXII ID +OBJECTS {2}PUBLIC {2}PUBLIC WRITE {2}TITLE$/),
      expect.stringMatching(/^one {3}a {6}\S{36} +0 {2}false {3}false {9}a$/),
    ]);
    expect((await run('taxii-collection list --root two --natural')).out).toBe('two/c\n');
  });

  test('without a root is wrong usage, with an unknown one not found', async () => {
    expect((await run('taxii-collection create x')).exit).toBe(2);
    expect(await run('taxii-collection create x --root none')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^NOT_FOUND: API root not found: none\./),
    });
  });
});
