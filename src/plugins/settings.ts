import { accountTies } from '#kernel/account-ties.ts';
import { keys } from '#kernel/config.ts';
import { isJsonObject, jsonObject } from '#kernel/json.ts';
import { definePlugin } from '#plugins/define.ts';
import { settingArea } from '#resolvers/platform/settings/area.ts';
import { settingEvents } from '#resolvers/platform/settings/events.ts';
import { settingRules, settingStore } from '#resolvers/platform/settings/setting.ts';
import { settings as settingFields } from '#schema/platform/setting.ts';

export const settings = definePlugin({
  name: 'settings',
  version: '1.0.0',
  description: 'What accounts set for themselves, over defaults.',
  config: keys({
    defaults: jsonObject('settings.defaults')
      .refine((defaults) => Object.values(defaults).every(isJsonObject), 'settings.defaults is an object of objects.')
      .default({})
      .describe('What shows through where an account has set nothing: an object of objects.'),
  }),
  permissions: [settingArea],
  events: settingEvents,
  uses: { settingStore },
  provides: [settingRules, accountTies],
  schema: settingFields,
  setup({ config, provide }) {
    provide(settingRules, config);
    provide(accountTies, { remove: (ctx, accountId) => ctx.use(settingStore).forget(accountId) });
    return undefined;
  },
});
