/** The same questions for TAXII 2.1 and for the graph, and their answers in one form. */
import type { Received, Taxii2 } from './gateway.ts';

/** What is asked, of a collection by its UUID or its alias in a root. */
export interface Question {
  readonly about: 'collections' | 'collection' | 'objects' | 'manifest' | 'object' | 'versions' | 'add' | 'delete';
  readonly root: string;
  readonly collection: string;
  readonly stixId: string;
  readonly match: { readonly [key in 'id' | 'type' | 'specVersion' | 'version']?: readonly string[] | undefined };
  readonly addedAfter: string | undefined;
  readonly limit: number;
}

/** A code where it was refused; else what was told. Of pages, all from the first on. */
export type Outcome = { readonly refused: string } | { readonly told: unknown };

interface Ids {
  readonly [title: string]: string;
}

const wireNames = {
  id: 'match[id]',
  type: 'match[type]',
  specVersion: 'match[spec_version]',
  version: 'match[version]',
};

/** What of the match and the window each resource knows. */
const filters: Readonly<Record<string, readonly (keyof Question['match'])[]>> = {
  objects: ['id', 'type', 'specVersion', 'version'],
  manifest: ['id', 'type', 'specVersion', 'version'],
  object: ['version'],
  versions: ['specVersion'],
};

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

// biome-ignore lint/suspicious/noExplicitAny: any answer
type Any = any;

/** @param question with an object that no collection holds, where it is to add or delete. */
export async function askDoor(taxii2: Taxii2, question: Question, key: string | null): Promise<Outcome> {
  const { about, root, collection, stixId } = question;
  const base = `/taxii2/${root}/collections/`;
  const of = `${base}${encodeURIComponent(collection)}/`;
  const outcome = ({ status, body }: Received, told: (body: Any) => unknown): Outcome =>
    status < 300 ? { told: told(body) } : { refused: body.error_code };
  switch (about) {
    case 'collections':
      return outcome(await taxii2.send(base, { key }), ({ collections = [] }) => collections.map(collectionOnWire));
    case 'collection':
      return outcome(await taxii2.send(of, { key }), collectionOnWire);
    case 'add':
      return outcome(await taxii2.post(`${of}objects/`, [{ id: stixId }], key), ({ failures }) => failures);
    case 'delete':
      return outcome(await taxii2.send(`${of}objects/${stixId}/`, { method: 'DELETE', key }), () => 'deleted');
    default: {
      const path = { objects: 'objects/', manifest: 'manifest/', object: `objects/${stixId}/` }[about as string];
      return walkDoor(taxii2, `${of}${path ?? `objects/${stixId}/versions/`}`, question, key);
    }
  }
}

async function walkDoor(taxii2: Taxii2, path: string, question: Question, key: string | null): Promise<Outcome> {
  const pages: unknown[] = [];
  const query: Record<string, string> = {};
  for (const name of filters[question.about] ?? [])
    if (question.match[name]) query[wireNames[name]] = question.match[name].join(',');
  if (question.about !== 'object') query.limit = String(question.limit);
  if (question.addedAfter !== undefined && question.about !== 'object') query.added_after = question.addedAfter;
  for (;;) {
    const { status, body, headers } = await taxii2.send(path, { key, query });
    if (status !== 200) return { refused: body.error_code };
    const { more = false, next = null, objects = [], versions = [] } = body;
    const dates = [headers.get('x-taxii-date-added-first'), headers.get('x-taxii-date-added-last')];
    pages.push({ more, next, dates, items: question.about === 'versions' ? versions : objects });
    if (!more) return { told: pages };
    query.next = next;
  }
}

const collectionOnWire = ({ id, title, description = null, alias = null, can_read, can_write, media_types }: Any) => ({
  ...{ taxiiId: id, title, description, alias },
  ...{ canRead: can_read, canWrite: can_write, mediaTypes: media_types },
});

const collectionFields = 'taxiiId title description alias canRead canWrite mediaTypes';

export async function askGraph(taxii2: Taxii2, question: Question, key: string | null): Promise<Outcome> {
  const { about, root, collection, stixId } = question;
  const by = isUuid(collection)
    ? { taxiiId: collection }
    : { alias: { apiRoot: { taxiiId: root }, alias: collection } };
  const ask = async (document: string, variables: object, told: (data: Any) => Outcome | null): Promise<Outcome> => {
    const { data, errors } = await taxii2.ask(document, { ...variables }, key);
    if (errors) return { refused: String(errors[0]?.extensions.code) };
    // What there is not, or may not be known of, is null in the graph. Only below a collection that is seen it is so for
    // whoever has no credential too, and TAXII tells him to sign in.
    const isBelow = data.taxiiCollection != null;
    return told(data) ?? { refused: isBelow && key === null ? 'UNAUTHENTICATED' : 'NOT_FOUND' };
  };
  const mutation = (data: Any, told: (data: Any) => unknown): Outcome =>
    data.result.code ? { refused: data.result.code } : { told: told(data.result) };
  switch (about) {
    case 'collections':
      return ask(
        `query ($root: String!) { taxiiCollections(apiRoot: { taxiiId: $root }, first: 1000) { nodes { ${collectionFields} } } }`,
        { root },
        ({ taxiiCollections }) => ({ told: taxiiCollections.nodes }),
      );
    case 'collection':
      return ask(
        `query ($by: TaxiiCollectionKey!) { taxiiCollection(by: $by) { ${collectionFields} } }`,
        { by },
        ({ taxiiCollection }) => taxiiCollection && { told: taxiiCollection },
      );
    case 'add':
      return ask(
        `mutation ($input: StixObjectsAddInput!) { result: stixObjectsAdd(input: $input) {
          ... on StixObjectsAddSuccess { status { failures { nodes { stixId version message } } } } ... on Error { code }
        } }`,
        { input: { collection: by, objects: [{ id: stixId }] } },
        (data) =>
          mutation(data, ({ status }) =>
            status.failures.nodes.map(({ stixId: id, ...rest }: Any) => ({ id, ...rest })),
          ),
      );
    case 'delete':
      return ask(
        `mutation ($input: StixObjectDeleteInput!) { result: stixObjectDelete(input: $input) {
          ... on StixObjectDeleteSuccess { deletedCount } ... on Error { code }
        } }`,
        { input: { collection: by, stixId } },
        (data) => mutation(data, () => 'deleted'),
      );
    case 'object':
      return askObject(ask, by, question);
    default:
      return walkGraph(ask, by, question);
  }
}

type Ask = (document: string, variables: object, told: (data: Any) => Outcome | null) => Promise<Outcome>;

/** The plain list of the graph has no pages: it is compared with a page that holds everything. */
const askObject = (ask: Ask, by: object, { stixId, match }: Question): Promise<Outcome> =>
  ask(
    `query ($by: TaxiiCollectionKey!, $stixId: String!, $versions: [String!]) { taxiiCollection(by: $by) {
      canRead object(stixId: $stixId, versions: $versions) { dateAdded specVersion body }
    } }`,
    { by, stixId, versions: match.version },
    ({ taxiiCollection }) => {
      const found = taxiiCollection?.object;
      if (!found) return null;
      const dates = found.map(({ dateAdded }: Any) => dateAdded);
      return {
        told: [
          { more: false, next: null, dates: [dates[0] ?? null, dates.at(-1) ?? null], items: found.map(bodyOnWire) },
        ],
      };
    },
  );

const bodyOnWire = ({ specVersion, body }: Any) => ({ spec_version: specVersion, ...body });

const pageFields = 'pageInfo { hasNextPage endCursor firstDateAdded lastDateAdded }';
const documents: Ids = {
  objects: `query ($by: TaxiiCollectionKey!, $match: StixMatch, $addedAfter: DateTime, $first: Int, $after: String) {
    list: stixObjects(collections: [$by], match: $match, addedAfter: $addedAfter, first: $first, after: $after) {
      nodes { specVersion body } ${pageFields}
    } }`,
  manifest: `query ($by: TaxiiCollectionKey!, $match: StixMatch, $addedAfter: DateTime, $first: Int, $after: String) {
    taxiiCollection(by: $by) { canRead
      list: manifest(match: $match, addedAfter: $addedAfter, first: $first, after: $after) {
        nodes { stixId dateAdded version mediaType } ${pageFields}
    } } }`,
  versions: `query ($by: TaxiiCollectionKey!, $stixId: String!, $specs: [String!], $addedAfter: DateTime, $first: Int, $after: String) {
    taxiiCollection(by: $by) { canRead
      list: versions(stixId: $stixId, specVersions: $specs, addedAfter: $addedAfter, first: $first, after: $after) {
        nodes { version } ${pageFields}
    } } }`,
};

const items: Readonly<Record<string, (node: Any) => unknown>> = {
  objects: bodyOnWire,
  manifest: ({ stixId, dateAdded, version, mediaType }) => ({
    ...{ id: stixId, date_added: dateAdded, version, media_type: mediaType },
  }),
  versions: ({ version }) => version,
};

async function walkGraph(ask: Ask, by: object, question: Question): Promise<Outcome> {
  const { about, match, addedAfter, limit, stixId } = question;
  const pages: unknown[] = [];
  let after: string | null = null;
  for (;;) {
    const asked: object = about === 'versions' ? { by, stixId, specs: match.specVersion } : { by, match: { ...match } };
    const outcome = await ask(documents[about] ?? '', { ...asked, addedAfter, first: limit, after }, (data) => {
      // In the graph a collection that may not be read is seen, and what it holds is left out.
      const { taxiiCollection, list = taxiiCollection?.canRead ? taxiiCollection.list : null } = data;
      return list && { told: list };
    });
    if ('refused' in outcome) return outcome;
    const { nodes, pageInfo } = outcome.told as Any;
    const { hasNextPage, endCursor, firstDateAdded, lastDateAdded } = pageInfo;
    pages.push({
      more: hasNextPage,
      next: hasNextPage ? endCursor : null,
      dates: [firstDateAdded, lastDateAdded],
      items: nodes.map(items[about]),
    });
    if (!hasNextPage) return { told: pages };
    after = endCursor;
  }
}
