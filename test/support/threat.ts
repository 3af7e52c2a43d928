/** A gateway with the threat domain on a storage, and viewers whose rights a test decides. */
import { createGateway, type Gateway } from '#gateway';
import type { Context } from '#kernel/context.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { grantedRights } from '#kernel/permission.ts';
import type { Plugin } from '#kernel/plugin.ts';
import { anonymousViewer } from '#kernel/viewer.ts';
import { threat } from '#plugins/threat.ts';
import { accounts, holder, storagePlugin, type TestStorage } from './network.ts';

export interface TestThreat {
  readonly gateway: Gateway;
  /** A context with every right. */
  readonly all: Context;
  /** A context of a new account with these permissions; they may name ids only. */
  as(...permissions: string[]): Context;
  /** A context without a credential, whose role has these permissions. */
  anonymous(...permissions: string[]): Context;
  /** What happened, in order, after the events that were told before: a thousand at most. */
  news(pattern?: string): Promise<StoredEvent[]>;
  /** How many SQL statements the work sent to the embedded database about the tables of the domain. */
  statements(work: () => Promise<unknown>): Promise<number>;
}

/** @param plugins beside the domain: the doors of a protocol, or another domain. */
export async function openThreat(
  storage: TestStorage = 'embedded',
  config: Readonly<Record<string, unknown>> = {},
  plugins: readonly Plugin<never>[] = [],
): Promise<TestThreat> {
  let statements = 0;
  const plugin = storagePlugin(storage, (sql) => {
    if (ofThisDomain.test(sql)) statements += 1;
  });
  const gateway = await createGateway({
    config: {
      plugins: [plugin, threat, accounts([]), ...plugins],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
      http: { port: 0 },
      ...(typeof storage === 'object' && 'url' in storage && { storage: { url: storage.url, poolSize: 20 } }),
      ...config,
    },
  });
  const all = gateway.context();
  const { areas } = gateway.catalogue;
  let told = 0;
  return {
    gateway,
    all,
    as: (...permissions) => gateway.context({ viewer: holder(permissions, areas) }),
    anonymous: (...permissions) => gateway.context({ viewer: anonymousViewer(grantedRights(permissions, areas)) }),
    async news(pattern = 'threat.*') {
      const log = all.use(eventLog);
      while ((await log.number(1000)) > 0);
      const events = await log.read(told, 1000);
      told = events.at(-1)?.sequence ?? told;
      const prefix = pattern.replace(/\*$/, '');
      return events.filter(({ name }) => (pattern.endsWith('*') ? name.startsWith(prefix) : name === pattern));
    },
    async statements(work) {
      const before = statements;
      await work();
      return statements - before;
    },
  };
}

/** The sequencer and the upkeep of the database send statements of their own at any time. */
const ofThisDomain =
  /\b(FROM|JOIN|INTO|UPDATE)\s+("public"\.)?"?(taxii\w*|stix\w*|indicator\w*|data_collection\w*|content_block\w*|inbox_message\w*|result_set\w*|collection_subscription\w*)\b/;
