import { ConflictError } from '#kernel/errors.ts';
import { apiRootCreated, apiRootDeleted, apiRootUpdated } from '#resolvers/threat/api-roots/events.ts';
import { collectionCreated, collectionDeleted, collectionUpdated } from '#resolvers/threat/collections/events.ts';
import { applyThreatConfig, type ThreatConfigApply } from '#resolvers/threat/config/apply.ts';
import type { ConfigItem, ConfigOutcome } from '#resolvers/threat/config/outcome.ts';
import {
  dataCollectionCreated,
  dataCollectionDeleted,
  dataCollectionServicesReplaced,
  dataCollectionUpdated,
} from '#resolvers/threat/data-collections/events.ts';
import { serviceCreated, serviceDeleted, serviceUpdated } from '#resolvers/threat/services/events.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    ThreatConfigItem: ConfigItem;
  }
}

type Applied = ConfigOutcome & { readonly dryRun: boolean };

export function threatConfig(builder: Builder): void {
  builder.objectType('ThreatConfigItem', {
    description: 'A thing that a document of the config is about.',
    fields: (t) => ({
      type: t.exposeString('type', { description: 'Its type: `InboxService`, `DataCollection`, …' }),
      key: t.exposeString('key', { description: 'How documents call it: a service id, a name, a slug, root/alias.' }),
      id: t.exposeID('id', { description: 'Its id; of what a dry run would make, none that stays.' }),
    }),
  });
  mutation(builder, 'threatConfigApply', {
    description:
      'Brings services, data collections, API roots and collections to what a document says, all or nothing. A section that is absent is not touched.',
    needs: 'threat:admin',
    emits: [
      ...[serviceCreated, serviceUpdated, serviceDeleted],
      ...[dataCollectionCreated, dataCollectionUpdated, dataCollectionDeleted, dataCollectionServicesReplaced],
      ...[apiRootCreated, apiRootUpdated, apiRootDeleted],
      ...[collectionCreated, collectionUpdated, collectionDeleted],
    ],
    errors: [ConflictError],
    input: (t) => ({
      document: t.field({
        type: 'JSON',
        required: true,
        description:
          'Lists under `services`, `dataCollections`, `apiRoots` and `taxiiCollections`, with keys in camel or snake case; documents of OpenTAXII are taken as they are, but for their accounts.',
      }),
      forceDelete: t.boolean({
        description:
          'Whether data collections, API roots and collections that the document does not name are deleted, with all they hold. False unless said.',
      }),
      dryRun: t.boolean({ description: 'Whether to tell only what would happen; false unless said.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Applied>) => ({
      created: t.field({ type: ['ThreatConfigItem'], description: 'What was made.', resolve: (it) => it.created }),
      updated: t.field({ type: ['ThreatConfigItem'], description: 'What was changed.', resolve: (it) => it.updated }),
      disabled: t.field({
        type: ['ThreatConfigItem'],
        description: 'Data collections that the document does not name: they are no longer available.',
        resolve: (it) => it.disabled,
      }),
      deleted: t.field({ type: ['ThreatConfigItem'], description: 'What was deleted.', resolve: (it) => it.deleted }),
      extra: t.field({
        type: ['ThreatConfigItem'],
        description: 'API roots and collections that the document does not name: they were left.',
        resolve: (it) => it.extra,
      }),
      unchanged: t.exposeInt('unchanged', { description: 'How many things were as the document wants them.' }),
      dryRun: t.exposeBoolean('dryRun', { description: 'Whether nothing was done.' }),
    }),
    resolve: async (ctx, input) => ({
      ...(await applyThreatConfig(ctx, input as ThreatConfigApply)),
      dryRun: input.dryRun ?? false,
    }),
  });
}
