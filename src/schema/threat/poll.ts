import { DeniedError, UnavailableError, UnsupportedContentError } from '#kernel/errors.ts';
import type { ResponseType } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { resultSetCreated } from '#resolvers/threat/polls/events.ts';
import { fulfillPoll } from '#resolvers/threat/polls/fulfill.ts';
import { type PollInput, pollDataCollection } from '#resolvers/threat/polls/poll.ts';
import { isPending, type PollPart, type PollPending, type RecordCount } from '#resolvers/threat/polls/poll-part.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { describeField } from '#schema/description.ts';
import { mutation } from '#schema/mutation.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    PollPart: PollPart;
    PollRecordCount: RecordCount;
  }
}

/** Not an error: the way in which a mutation answers with something else than its success. */
class Pending extends Error implements PollPending {
  readonly resultId: string;
  readonly estimatedWait: number;
  readonly willPush = false;

  constructor({ resultId, estimatedWait }: PollPending) {
    super('The answer is not ready yet.');
    this.resultId = resultId;
    this.estimatedWait = estimatedWait;
  }
}

export function polls(builder: Builder): void {
  builder.enumType('PollResponseType', {
    description: 'What a poll answers with.',
    values: {
      FULL: { description: 'Content blocks.' },
      COUNT_ONLY: { description: 'How many there are.' },
    },
  });
  builder.objectType('PollRecordCount', {
    description: 'How many blocks a poll found, as far as they were counted.',
    fields: (t) => ({
      count: t.exposeInt('count', { description: 'At most `maxResultCount` of the service.' }),
      partial: t.exposeBoolean('partial', { description: 'Whether there are more than that.' }),
    }),
  });
  part(builder);
  builder.objectType(Pending, {
    name: 'PollPending',
    description: 'The answer is not ready yet: it is to be had by `pollFulfillment`.',
    fields: (t) => ({
      resultId: t.exposeString('resultId', { description: 'What to ask for.' }),
      estimatedWait: t.exposeInt('estimatedWait', { description: 'Seconds until it may be ready.' }),
      willPush: t.exposeBoolean('willPush', { description: 'Whether it is sent; it never is.' }),
    }),
  });
  poll(builder);
  builder.queryField('pollFulfillment', (t) =>
    t.field({
      type: 'PollPart',
      description: describeField({
        description:
          'A further part of a poll. A part beyond the end is empty; while none is ready, it is UNAVAILABLE.',
        needs: 'threat:read on the data collection',
      }),
      args: {
        resultId: t.arg.string({ required: true, description: 'The result id that the poll answered with.' }),
        dataCollection: t.arg({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
        part: t.arg.int({ required: true, description: 'The number of the part, from 1.' }),
      },
      async resolve(_, args, ctx) {
        const answer = await fulfillPoll(ctx, args as Parameters<typeof fulfillPoll>[1]);
        if (isPending(answer)) throw new UnavailableError('The answer is not ready yet. Ask again later.');
        return answer;
      },
    }),
  );
}

function part(builder: Builder): void {
  builder.objectType('PollPart', {
    description: 'An answer to a poll, or a part of one.',
    fields: (t) => ({
      dataCollection: t.expose('dataCollection', { type: 'DataCollection', description: 'What was polled.' }),
      resultId: t.exposeString('resultId', {
        nullable: true,
        description: 'What the other parts are asked for by; null where there are none.',
      }),
      part: t.exposeInt('part', { description: 'Its number, from 1.' }),
      more: t.exposeBoolean('more', { description: 'Whether further blocks follow.' }),
      recordCount: t.expose('recordCount', {
        type: 'PollRecordCount',
        nullable: true,
        description: 'How many blocks the poll found; null where nobody counted.',
      }),
      begin: t.expose('begin', { type: 'DateTime', nullable: true, description: 'As it was asked for.' }),
      end: t.expose('end', {
        type: 'DateTime',
        nullable: true,
        description: 'The last label of the window. For a feed it is always told: the next poll begins there.',
      }),
      subscriptionId: t.exposeString('subscriptionId', {
        nullable: true,
        description: 'The subscription it was polled by.',
      }),
      contentBlocks: t.field({
        type: ['ContentBlock'],
        description: 'Blocks, by label; none where only their count was asked for.',
        resolve: ({ contentBlocks }) => contentBlocks,
      }),
      message: t.exposeString('message', { nullable: true, description: 'What else there is to say.' }),
    }),
  });
}

function poll(builder: Builder): void {
  mutation(builder, 'dataCollectionPoll', {
    description:
      'Polls a data collection: its blocks with labels after the begin, up to the end. It changes nothing but that it may make a result set, by which further parts are had.',
    needs: 'threat:read on the data collection',
    errors: [UnsupportedContentError, DeniedError, UnavailableError, Pending as never],
    emits: [resultSetCreated],
    input: (t) => ({
      service: t.field({ type: 'TaxiiServiceKey', required: true, description: 'The poll service.' }),
      dataCollection: t.field({ type: 'DataCollectionKey', required: true, description: 'The data collection.' }),
      subscriptionId: t.string({
        description: 'The subscription to poll by: then its content bindings and response type count.',
      }),
      beginExclusive: t.field({ type: 'DateTime', description: 'Only labels after this one.' }),
      endInclusive: t.field({
        type: 'DateTime',
        description: 'Only labels up to this one; the newest there is unless said.',
      }),
      responseType: t.field({ type: 'PollResponseType' as never, description: 'FULL unless said.' }),
      contentBindings: t.field({ type: ['ContentBindingInput'], description: 'Only what one of these fits.' }),
      allowAsynch: t.boolean({ description: 'Whether an answer may come later; false unless said.' }),
    }),
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly part: PollPart }>) => ({
      part: t.expose('part', { type: 'PollPart', description: 'The first part of the answer.' }),
    }),
    async resolve(ctx, input) {
      const answer = await pollDataCollection(ctx, input as PollInput & { responseType?: ResponseType });
      return isPending(answer) ? (new Pending(answer) as never) : { part: answer };
    },
  });
}
