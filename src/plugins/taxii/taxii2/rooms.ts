import { everything } from '#kernel/page.ts';
import { answer } from '#plugins/taxii/taxii2/answer.ts';
import { collectionAt, type Exchange, type Handler } from '#plugins/taxii/taxii2/exchange.ts';
import { expectCollection, expectRoot } from '#resolvers/threat/access.ts';
import { apiRootPath, taxiiVersions } from '#resolvers/threat/api-roots/api-root.ts';
import { discover } from '#resolvers/threat/api-roots/find.ts';
import { apiRootByKey, apiRootKeyOf } from '#resolvers/threat/api-roots/keys.ts';
import { collectionMediaTypes, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { listCollections, rightsOn } from '#resolvers/threat/collections/find.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** The members that have a value: others are left out on the wire. */
const given = (members: Readonly<Record<string, string | null | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));

export const showDiscovery: Handler = async ({ ctx }) => {
  const { title, description, contact, roots } = await discover(ctx);
  const first = roots.find(({ isDefault }) => isDefault);
  return answer(200, {
    title,
    ...given({ description, contact, default: first && apiRootPath(first) }),
    api_roots: roots.map(apiRootPath),
  });
};

export const showRoot: Handler = async ({ ctx, named }) => {
  const { title, description } = expectRoot(ctx, await apiRootByKey(ctx, apiRootKeyOf(named.root)));
  return answer(200, {
    title,
    ...given({ description }),
    versions: taxiiVersions,
    max_content_length: ctx.use(threatSettings).maxContentLength,
  });
};

export const showCollections: Handler = async ({ ctx, named }) => {
  const { items } = await listCollections(ctx, { apiRoot: apiRootKeyOf(named.root) }, everything);
  if (items.length === 0) return answer(200, {});
  return answer(200, { collections: items.map(({ node }) => collectionResource(ctx, node)) });
};

export const showCollection: Handler = async (exchange) => {
  const { ctx } = exchange;
  return answer(200, collectionResource(ctx, expectCollection(ctx, await collectionAt(exchange))));
};

function collectionResource(ctx: Exchange['ctx'], collection: TaxiiCollection): object {
  const { id, title, description, alias } = collection;
  const { canRead, canWrite } = rightsOn(ctx, collection);
  return {
    id,
    title,
    ...given({ description, alias }),
    can_read: canRead,
    can_write: canWrite,
    media_types: collectionMediaTypes,
  };
}
