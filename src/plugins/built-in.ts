import { access } from '#plugins/access.ts';
import { auth } from '#plugins/auth.ts';
import { authJwt } from '#plugins/auth-jwt/plugin.ts';
import { authLucia } from '#plugins/auth-lucia/plugin.ts';
import { authProxy } from '#plugins/auth-proxy/plugin.ts';
import { authToken } from '#plugins/auth-token/plugin.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { egressPlugin } from '#plugins/egress/plugin.ts';
import { hooks } from '#plugins/hooks/plugin.ts';
import { info } from '#plugins/info.ts';
import { jobs } from '#plugins/jobs.ts';
import { mailNone } from '#plugins/mail-none.ts';
import { mailSmtp } from '#plugins/mail-smtp/plugin.ts';
import { messages } from '#plugins/messages.ts';
import { network } from '#plugins/network.ts';
import { platform } from '#plugins/platform.ts';
import { queueFigures } from '#plugins/queue-figures.ts';
import { retention } from '#plugins/retention.ts';
import { scheduler } from '#plugins/scheduler.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { settings } from '#plugins/settings.ts';
import { stixValidatorPlugin } from '#plugins/stix-validator/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { store } from '#plugins/store.ts';
import { system } from '#plugins/system.ts';
import { taxii } from '#plugins/taxii/plugin.ts';
import { threat } from '#plugins/threat.ts';
import { worker } from '#plugins/worker/plugin.ts';

/** What `default` stands for in the config. */
export const defaultPlugins: readonly GatehousePlugin[] = [
  storagePrisma,
  secretBoxPlugin,
  egressPlugin,
  mailNone,
  auth,
  authLucia,
  authToken,
  authProxy,
  authJwt,
  platform,
  jobs,
  queueFigures,
  system,
  worker,
  scheduler,
  access,
  info,
  messages,
  settings,
  store,
  hooks,
  retention,
  network,
  stixValidatorPlugin,
  threat,
  taxii,
];

/** Every plugin that comes with Gatehouse, by name. */
export const builtIns: ReadonlyMap<string, GatehousePlugin> = new Map(
  [...defaultPlugins, mailSmtp, storageMemory].map((plugin) => [plugin.name, plugin]),
);
