import type { Context } from '#kernel/context.ts';
import { AuthenticationError, DestinationCollectionError, ForbiddenError, NotFoundError } from '#kernel/errors.ts';
import { canReadData, canWriteData } from '#resolvers/threat/access.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { refuseUnavailable } from '#resolvers/threat/data-collections/served.ts';
import type { InboxService } from '#resolvers/threat/services/service.ts';

/** Every data collection of an inbox that the viewer reads, in the order of names. */
async function readableOf(ctx: Context, inbox: InboxService): Promise<DataCollection[]> {
  const [attached = []] = await ctx.use(dataCollectionStore).ofServices([inbox.id]);
  return attached.filter((collection) => canReadData(ctx, collection));
}

/** What a message of TAXII 1.0 is for, which names nothing: whatever the viewer can fill. Nothing is refused. */
export async function allWritable(ctx: Context, inbox: InboxService): Promise<DataCollection[]> {
  const readable = await readableOf(ctx, inbox);
  return readable.filter((collection) => collection.available && canWriteData(ctx, collection));
}

/**
 * The data collections that a message is for: those that it names, or all of an inbox that wants no names.
 * @throws DestinationCollectionError, NotFoundError, ForbiddenError, for anonymous AuthenticationError, UnavailableError.
 * Any of them refuses the whole message.
 */
export async function destinationsOf(
  ctx: Context,
  inbox: InboxService,
  names: readonly string[],
): Promise<DataCollection[]> {
  const readable = await readableOf(ctx, inbox);
  const available = readable.filter((collection) => collection.available);
  if (inbox.destinationCollectionRequired === (names.length === 0))
    throw new DestinationCollectionError(
      names.length === 0
        ? 'A destination collection is required by this inbox'
        : 'Destination collections are not taken by this inbox',
      available.map(({ name }) => name),
      ['destinationCollections'],
    );
  if (names.length === 0) {
    for (const collection of available) expectWritable(ctx, collection, []);
    return available;
  }
  const byName = new Map(readable.map((collection) => [collection.name, collection]));
  return [...new Set(names)].map((name) => {
    const path = ['destinationCollections', String(names.indexOf(name))];
    const collection = byName.get(name);
    if (!collection) throw new NotFoundError(`Collection ${name} was not found`, path);
    expectWritable(ctx, collection, path);
    refuseUnavailable(collection);
    return collection;
  });
}

function expectWritable(ctx: Context, collection: DataCollection, path: readonly string[]): void {
  if (canWriteData(ctx, collection)) return;
  const message = `User can not write to collection ${collection.name}`;
  throw ctx.viewer.kind === 'ANONYMOUS' ? new AuthenticationError(message, path) : new ForbiddenError(message, path);
}
