import { z } from 'zod';
import { aborted } from '#kernel/aborted.ts';
import { duration, keys } from '#kernel/config.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';
import { definePlugin } from '#plugins/define.ts';
import { info, readVersion } from '#plugins/info.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';
import { systemEvents } from '#resolvers/platform/system/events.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';
import { present } from '#resolvers/platform/system/presence.ts';
import { daemonRules } from '#resolvers/platform/system/rules.ts';
import { systemParts } from '#schema/platform/system.ts';

interface AppSetup {
  context(): Context;
}

const appSetup = definePort<AppSetup>('system.setup');

export const system = definePlugin({
  name: 'system',
  version: '1.0.0',
  description: 'The processes of the gateway, and the modes that all of them obey.',
  section: 'daemon',
  config: keys({
    heartbeat: duration().prefault('15s').describe('How often a daemon shows that it lives.'),
    aliveFor: duration().prefault('60s').describe('After how long without a heartbeat it is taken for lost.'),
    name: z
      .string()
      .regex(/^[^\s@]{1,128}$/)
      .optional()
      .describe('Its name before `@host`, by which jobs may be pinned to it; its kind in lower case unless said.'),
  }),
  uses: { eventLog, modeStore, daemonStore },
  provides: [daemonRules, appSetup],
  events: systemEvents,
  dependsOn: [info],
  schema: (builder) => systemParts(builder, readVersion),
  tasks: [
    {
      name: 'app',
      place: 'DOORS',
      run: (ctx, signal) => present('APP', ctx.use(appSetup).context, signal, (_, leaving) => aborted(leaving)),
    },
  ],
  setup({ config, provide, context }) {
    const { heartbeat, aliveFor, name = null } = config;
    provide(daemonRules, { heartbeat, aliveFor, name });
    provide(appSetup, { context });
    return undefined;
  },
});
