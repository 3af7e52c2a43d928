import { definePlugin } from '#plugins/define.ts';
import { accessListener } from '#resolvers/platform/access/narrow.ts';
import { accessArea, accessTokenStore } from '#resolvers/platform/access/token.ts';
import { access as accessTypes } from '#schema/platform/access.ts';

export const access = definePlugin({
  name: 'access',
  version: '1.0.0',
  description: 'Tokens for databases of other systems, which plugins provide.',
  permissions: [accessArea],
  uses: { accessTokenStore },
  listeners: [accessListener],
  schema: accessTypes,
});
