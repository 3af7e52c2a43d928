import { ConflictError } from '#kernel/errors.ts';
import { settingDeleted, settingEvents, settingUpdated } from '#resolvers/platform/settings/events.ts';
import {
  deleteSetting,
  readSetting,
  type SettingChange,
  updateSetting,
  watchSettings,
} from '#resolvers/platform/settings/settings.ts';
import type { Builder } from '#schema/builder.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';

export function settings(builder: Builder): void {
  builder.queryField('setting', (t) =>
    t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What an account has set at a path, over the defaults: one’s own, or with setting:read another’s. NOT_FOUND where nothing is.',
      args: {
        path: t.arg.stringList({ defaultValue: [], description: 'Names from the root down; all of it unless said.' }),
        account: t.arg({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      },
      extensions: { personal: true },
      resolve: (_, { path, account }, ctx) => readSetting(ctx, { path: path ?? null, account: account as never }),
    }),
  );
  mutation(builder, 'settingUpdate', {
    description:
      'Merges a value into what an account has set at a path: one’s own, or with setting:write another’s. Objects are merged all the way down, anything else takes the place of what was there. At the root stands an object of objects, on the first level an object, below any JSON.',
    emits: [settingUpdated],
    errors: [ConflictError],
    input: (t) => ({
      path: t.stringList({ defaultValue: [], description: 'Names from the root down.' }),
      value: t.field({ type: 'JSON', description: 'What to merge. A null is kept; it must be given.' }),
      account: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      etag: t.string({ description: 'The state that is to be changed; any unless said.' }),
    }),
    resolve: (ctx, input) => updateSetting(ctx, input as never),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it was so already.' }),
      value: t.field({
        type: 'JSON',
        nullable: true,
        description: 'What is at the path now, over the defaults.',
        resolve: ({ value }: SettingChange) => value,
      }),
      etag: t.exposeString('etag', { description: 'The state that all settings of the account have now.' }),
    }),
  });
  mutation(builder, 'settingDelete', {
    description:
      'Drops what an account has set at a path, so that the defaults show again: one’s own, or with setting:write another’s.',
    emits: [settingDeleted],
    errors: [ConflictError],
    input: (t) => ({
      path: t.stringList({ defaultValue: [], description: 'Names from the root down; all of it unless said.' }),
      account: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      etag: t.string({ description: 'The state that is to be changed; any unless said.' }),
    }),
    resolve: (ctx, input) => deleteSetting(ctx, input as never),
    success: (t) => ({
      value: t.field({
        type: 'JSON',
        nullable: true,
        description: 'What shows at the path now; null where nothing does.',
        resolve: ({ value }: SettingChange) => value,
      }),
      etag: t.exposeString('etag', { description: 'The state that all settings of the account have now.' }),
    }),
  });
  feed(builder, 'settingChanged', {
    description: 'Changes of settings: one’s own, and with setting:read those of all.',
    events: settingEvents,
    select: () => watchSettings(),
  });
}
