import { answer, pageAnswer } from '#plugins/taxii/taxii2/answer.ts';
import { collectionAt, type Handler } from '#plugins/taxii/taxii2/exchange.ts';
import { type ParameterName, readSelection } from '#plugins/taxii/taxii2/parameters.ts';
import { statusResource } from '#plugins/taxii/taxii2/statuses.ts';
import { expectErasable, expectReadable, expectWritable } from '#resolvers/threat/access.ts';
import { addObjectsTo } from '#resolvers/threat/objects/add.ts';
import { deleteObjectFrom } from '#resolvers/threat/objects/delete.ts';
import { readEnvelope } from '#resolvers/threat/objects/envelope.ts';
import { filterOf } from '#resolvers/threat/objects/filter.ts';
import { expectObject } from '#resolvers/threat/objects/find.ts';
import { pageOfObjects, pageOfVersions } from '#resolvers/threat/objects/list.ts';
import { type StixObject, stixMediaType } from '#resolvers/threat/objects/stix-object.ts';

const window: readonly ParameterName[] = ['limit', 'added_after', 'next'];
const ofObject: readonly ParameterName[] = [...window, 'match[version]', 'match[spec_version]'];
const ofList: readonly ParameterName[] = [...ofObject, 'match[id]', 'match[type]'];

/** As it was sent; what it left out of its essence is said. */
const onWire = ({ type, stixId, specVersion, body }: StixObject): object => ({
  type,
  id: stixId,
  spec_version: specVersion,
  ...body,
});

export const showObjects: Handler = async (exchange) => {
  const { ctx, query } = exchange;
  const { id } = expectReadable(ctx, await collectionAt(exchange));
  const { page, ...selection } = readSelection(ctx, query, ofList);
  return pageAnswer(ctx, await pageOfObjects(ctx, [id], { filter: filterOf(selection), page }), 'objects', onWire);
};

export const showManifest: Handler = async (exchange) => {
  const { ctx, query } = exchange;
  const { id } = expectReadable(ctx, await collectionAt(exchange));
  const { page, ...selection } = readSelection(ctx, query, ofList);
  const found = await pageOfVersions(ctx, [id], { filter: filterOf(selection), page });
  return pageAnswer(ctx, found, 'objects', (version) => ({
    id: version.stixId,
    date_added: version.dateAdded,
    version: version.version,
    media_type: stixMediaType(version),
  }));
};

export const showObject: Handler = async (exchange) => {
  const { ctx, query, named } = exchange;
  const collection = expectReadable(ctx, await collectionAt(exchange));
  await expectObject(ctx, collection, named.object);
  const { page, match, addedAfter } = readSelection(ctx, query, ofObject);
  const filter = filterOf({ match: { ...match, id: [named.object] }, addedAfter });
  return pageAnswer(ctx, await pageOfObjects(ctx, [collection.id], { filter, page }), 'objects', onWire);
};

export const showVersions: Handler = async (exchange) => {
  const { ctx, query, named } = exchange;
  const collection = expectReadable(ctx, await collectionAt(exchange));
  await expectObject(ctx, collection, named.object);
  const { page, match, addedAfter } = readSelection(ctx, query, [...window, 'match[spec_version]']);
  const filter = filterOf({ match: { ...match, id: [named.object], version: ['all'] }, addedAfter });
  const found = await pageOfVersions(ctx, [collection.id], { filter, page });
  return pageAnswer(ctx, found, 'versions', ({ version }) => version);
};

export const addObjects: Handler = async (exchange) => {
  const { ctx } = exchange;
  const collection = expectWritable(ctx, await collectionAt(exchange));
  const objects = readEnvelope(await exchange.body());
  return answer(202, await statusResource(ctx, await addObjectsTo(ctx, collection, objects)));
};

export const deleteObject: Handler = async (exchange) => {
  const { ctx, query, named } = exchange;
  const collection = expectErasable(ctx, await collectionAt(exchange));
  const { match } = readSelection(ctx, query, ['match[version]', 'match[spec_version]']);
  await deleteObjectFrom(ctx, collection, named.object, { versions: match.version, specVersions: match.specVersion });
  return answer(200);
};
