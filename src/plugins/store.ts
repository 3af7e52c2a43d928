import { keys } from '#kernel/config.ts';
import { jsonObject } from '#kernel/json.ts';
import { definePlugin } from '#plugins/define.ts';
import { storeArea } from '#resolvers/platform/store/area.ts';
import { documentStore, storeRules } from '#resolvers/platform/store/document.ts';
import { documentEvents } from '#resolvers/platform/store/events.ts';
import { storeDocuments } from '#schema/platform/store-document.ts';

export const store = definePlugin({
  name: 'store',
  version: '1.0.0',
  description: 'Documents at paths, each inheriting from those above it.',
  config: keys({
    default: jsonObject('store.default').default({}).describe('What the root inherits, and with it every document.'),
  }),
  permissions: [storeArea],
  events: documentEvents,
  uses: { documentStore },
  provides: [storeRules],
  schema: storeDocuments,
  setup({ config, provide }) {
    provide(storeRules, config);
    return undefined;
  },
});
