import { retentionSwept } from '#resolvers/threat/retention/events.ts';
import type { SweptCounts } from '#resolvers/threat/retention/policies.ts';
import { runRetention } from '#resolvers/threat/retention/run.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

export function threatRetention(builder: Builder): void {
  mutation(builder, 'threatRetentionRun', {
    description: 'Removes what has been kept for as long as `threat.retention` says, as a job does every hour.',
    needs: 'threat:admin',
    emits: [retentionSwept],
    input: (t) => ({
      dryRun: t.boolean({ description: 'Whether it is only counted; false unless said.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, SweptCounts>) => ({
      statuses: t.exposeInt('statuses', { description: 'Completed statuses.' }),
      resultSets: t.exposeInt('resultSets', { description: 'Result sets of polls.' }),
      contentBlocks: t.exposeInt('contentBlocks', { description: 'Content blocks.' }),
      supersededVersions: t.exposeInt('supersededVersions', {
        description: 'Versions of STIX objects that a newer one had followed.',
      }),
      inboxMessages: t.exposeInt('inboxMessages', { description: 'Inbox messages; their blocks stay.' }),
      endedSubscriptions: t.exposeInt('endedSubscriptions', { description: 'Subscriptions that were ended.' }),
      interruptedStatuses: t.exposeInt('interruptedStatuses', {
        description: 'Statuses of requests that were given up, which were completed. A dry run does not look for them.',
      }),
    }),
    resolve: (ctx, input) => runRetention(ctx, input),
  });
}
