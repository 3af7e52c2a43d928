import type { PermissionArea } from '#kernel/catalogue.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { opensCollection } from '#resolvers/threat/collections/events.ts';

/** Public collections are read or filled by everybody: so lists, histories and streams show what is in them. */
export const openCollections: PermissionArea['open'] = {
  async permissions(ctx) {
    const open = await ctx.use(collectionStore).listOpen();
    return open.flatMap(({ id, isPublic, isPublicWrite }) => [
      ...(isPublic ? [`threat:read@collection/${id}`] : []),
      ...(isPublicWrite ? [`threat:write@collection/${id}`] : []),
    ]);
  },
  changedBy: opensCollection,
};
