import { allow, lackOf } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, type GatehouseError, NotFoundError } from '#kernel/errors.ts';
import type { Facts, PermissionName } from '#kernel/permission.ts';
import type { TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { collectionFacts, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { type DataCollection, dataCollectionFacts } from '#resolvers/threat/data-collections/data-collection.ts';

/*
 * Who may do what in this domain. Every door asks here, so all give the same answers. A function that is given null is
 * told that there is no such thing: it answers as it does for one that the viewer may not know of.
 */

/** What of a collection its rights follow from. */
type Guarded = Pick<TaxiiCollection, 'id' | 'apiRootId' | 'isPublic' | 'isPublicWrite'>;

const holds = (ctx: Context, need: PermissionName, facts: Facts): boolean =>
  !ctx.viewer.mustChangePassword && ctx.viewer.rights.covers(need, facts);

const isAnonymous = (ctx: Context): boolean => ctx.viewer.kind === 'ANONYMOUS';

/** Whether the viewer reads the objects of a collection. */
export const canRead = (ctx: Context, collection: Guarded): boolean =>
  !ctx.viewer.mustChangePassword && (collection.isPublic || holds(ctx, 'threat:read', collectionFacts(collection)));

/** Whether the viewer adds objects to a collection. Who may need not be able to read it. */
export const canWrite = (ctx: Context, collection: Guarded): boolean =>
  !ctx.viewer.mustChangePassword &&
  (collection.isPublicWrite || holds(ctx, 'threat:write', collectionFacts(collection)));

/** Whether the viewer sees a data collection and what it holds. */
export const canReadData = (ctx: Context, collection: Pick<DataCollection, 'taxiiId'>): boolean =>
  holds(ctx, 'threat:read', dataCollectionFacts(collection));

/** Whether the viewer fills a data collection. Who may need not be able to read it. */
export const canWriteData = (ctx: Context, collection: Pick<DataCollection, 'taxiiId'>): boolean =>
  holds(ctx, 'threat:write', dataCollectionFacts(collection));

/** Whether the viewer administers everything with these facts; nothing in particular without. */
export const canAdmin = (ctx: Context, facts: Facts = {}): boolean => holds(ctx, 'threat:admin', facts);

/** Whether the viewer sees an API root, and all of its collections with whatever rights. */
export const canSeeRoot = (ctx: Context, root: Pick<TaxiiApiRoot, 'isPublic'>): boolean =>
  !ctx.viewer.mustChangePassword && (root.isPublic || !isAnonymous(ctx));

/** Whether the viewer sees that a collection exists: an account does, anybody else who reads or fills it. */
export const canSeeCollection = (ctx: Context, collection: Guarded): boolean =>
  !ctx.viewer.mustChangePassword && (!isAnonymous(ctx) || canRead(ctx, collection) || canWrite(ctx, collection));

/**
 * What is told of a thing that the viewer may not know of: that it is not found, or to sign in, since he would be told
 * nothing else of a thing that there is.
 * @param wanted the permission that would help, for the viewer without credential.
 */
export function unknownTo(ctx: Context, what: string, wanted: string): GatehouseError {
  if (ctx.viewer.mustChangePassword) return lackOf(ctx.viewer, wanted);
  return isAnonymous(ctx) ? new AuthenticationError(`Sign in: this needs ${wanted}.`) : new NotFoundError(what);
}

/** @throws NotFoundError, for anonymous AuthenticationError: also when the root is there and not public. */
export function expectRoot(ctx: Context, root: TaxiiApiRoot | null): TaxiiApiRoot {
  refuseUnchanged(ctx);
  if (root && canSeeRoot(ctx, root)) return root;
  throw unknownTo(ctx, 'API root not found.', 'an account');
}

const collectionUnknown = 'Collection not found.';

/** The collection itself, without what it holds. @throws NotFoundError, for anonymous AuthenticationError. */
export function expectCollection(ctx: Context, collection: TaxiiCollection | null): TaxiiCollection {
  refuseUnchanged(ctx);
  if (collection && canSeeCollection(ctx, collection)) return collection;
  throw unknownTo(ctx, collectionUnknown, 'threat:read');
}

/** To read what it holds. @throws NotFoundError, for anonymous AuthenticationError. */
export function expectReadable(ctx: Context, collection: TaxiiCollection | null): TaxiiCollection {
  refuseUnchanged(ctx);
  if (collection && canRead(ctx, collection)) return collection;
  throw unknownTo(ctx, collectionUnknown, 'threat:read');
}

/** To add objects. @throws NotFoundError, for anonymous AuthenticationError. */
export function expectWritable(ctx: Context, collection: TaxiiCollection | null): TaxiiCollection {
  refuseUnchanged(ctx);
  if (collection && canWrite(ctx, collection)) return collection;
  throw unknownTo(ctx, collectionUnknown, 'threat:write');
}

/**
 * To delete objects, which takes both rights.
 * @throws NotFoundError with neither, ForbiddenError with one of them, for anonymous AuthenticationError.
 */
export function expectErasable(ctx: Context, collection: TaxiiCollection | null): TaxiiCollection {
  refuseUnchanged(ctx);
  const reads = collection !== null && canRead(ctx, collection);
  const writes = collection !== null && canWrite(ctx, collection);
  if (collection && reads && writes) return collection;
  if (reads || writes)
    throw lackOf(ctx.viewer, reads ? 'threat:write on the collection' : 'threat:read on the collection');
  throw unknownTo(ctx, collectionUnknown, 'threat:read and threat:write');
}

/** To see a data collection and what it holds. @throws NotFoundError, for anonymous too. */
export function expectReadableData(
  ctx: Context,
  collection: DataCollection | null,
  message = 'Data collection not found.',
): DataCollection {
  refuseUnchanged(ctx);
  if (collection && canReadData(ctx, collection)) return collection;
  throw new NotFoundError(message);
}

/**
 * To delete blocks of a data collection, which takes both rights.
 * @throws NotFoundError without the right to read, ForbiddenError without the one to write, for anonymous
 * AuthenticationError.
 */
export function expectErasableData(ctx: Context, collection: DataCollection | null): DataCollection {
  refuseUnchanged(ctx);
  if (!collection || !canReadData(ctx, collection))
    throw unknownTo(ctx, 'Data collection not found.', 'threat:read and threat:write');
  allow(ctx, 'threat:write', dataCollectionFacts(collection));
  return collection;
}

/** @throws ForbiddenError while a change of password is due: then nothing is shown, public or not. */
export function refuseUnchanged(ctx: Context): void {
  if (ctx.viewer.mustChangePassword) allow(ctx, 'threat:read');
}
