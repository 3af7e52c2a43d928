import { PayloadTooLargeError } from '#kernel/errors.ts';
import { addObjects, type StixObjectsAdd } from '#resolvers/threat/objects/add.ts';
import { deleteObject, type StixObjectDelete } from '#resolvers/threat/objects/delete.ts';
import { stixObjectAdded, stixObjectDeleted } from '#resolvers/threat/objects/events.ts';
import { taxiiStatusCompleted } from '#resolvers/threat/statuses/events.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';
import { oneThing } from '#schema/success.ts';

/** The mutations of STIX objects. */
export function stixObjectChanges(builder: Builder): void {
  mutation(builder, 'stixObjectsAdd', {
    description:
      'Adds STIX objects to a collection. Each is judged alone: the status says which were kept, and why others were not. A version that it holds already stays as it is.',
    needs: 'threat:write on the collection',
    emits: [stixObjectAdded, taxiiStatusCompleted],
    errors: [PayloadTooLargeError],
    input: (t) => ({
      collection: t.field({ type: 'TaxiiCollectionKey', required: true, description: 'The collection.' }),
      objects: t.field({
        type: ['JSON'],
        required: true,
        description: 'The objects, in the order in which they are added.',
      }),
    }),
    success: oneThing('status', 'TaxiiStatus'),
    resolve: (ctx, input) => addObjects(ctx, input as StixObjectsAdd),
  });
  mutation(builder, 'stixObjectDelete', {
    description: 'Deletes a STIX object from a collection for good: all its versions unless chosen.',
    needs: 'threat:read and threat:write on the collection',
    emits: [stixObjectDeleted],
    input: (t) => ({
      collection: t.field({ type: 'TaxiiCollectionKey', required: true, description: 'The collection.' }),
      stixId: t.string({ required: true, description: 'The id of the object.' }),
      versions: t.stringList({ description: '`last`, `first`, `all`, or instants; all unless said.' }),
      specVersions: t.stringList({ description: 'Only what is written in these versions of STIX.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { deletedCount: number }>) => ({
      deletedCount: t.exposeInt('deletedCount', { description: 'How many versions are gone.' }),
    }),
    resolve: (ctx, input) => deleteObject(ctx, input as StixObjectDelete),
  });
}
