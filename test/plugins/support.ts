import { createGateway, type Gateway, type GatewayOptions } from '#gateway';
import type { PluginEntry } from '#plugins/load.ts';

/** A gateway in memory with all that it has by default, and the entries. */
export function startWith(
  entries: readonly unknown[],
  config: Readonly<Record<string, unknown>> = {},
  options: GatewayOptions = {},
): Promise<Gateway> {
  return createGateway({
    ...options,
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory', ...(entries as readonly PluginEntry[])],
      dataDir: 'memory://',
      accounts: { adminPassword: 'a password of tests' },
      http: { port: 0 },
      log: { level: 'silent' },
      ...config,
    },
  });
}
