import { readFileSync } from 'node:fs';
import { duration, keys } from '#kernel/config.ts';
import { endpoints } from '#kernel/endpoint.ts';
import { definePlugin } from '#plugins/define.ts';
import { mountAreas } from '#resolvers/platform/info/areas.ts';
import { infoRules } from '#resolvers/platform/info/endpoints.ts';
import { endpoints as endpointTypes } from '#schema/platform/endpoint.ts';
import { type Version, version } from '#schema/platform/version.ts';

export const info = definePlugin({
  name: 'info',
  version: '1.0.0',
  description: 'What can be called here, by whom, and which version runs.',
  config: keys({
    newFor: duration().prefault('180d').describe('How long what says since when it exists has the tag new.'),
  }),
  permissions: mountAreas,
  uses: { endpoints },
  provides: [infoRules],
  schema(builder) {
    endpointTypes(builder);
    version(builder, readVersion);
  },
  setup({ config, provide }) {
    provide(infoRules, config);
    return undefined;
  },
});

let known: Version | null = null;

/** As the package says it, which lies beside the sources and beside what is made of them. */
export function readVersion(): Version {
  known ??= {
    gatehouse: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    node: process.versions.node,
  };
  return known;
}
