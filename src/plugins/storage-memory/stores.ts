import type { Provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { networkStores } from '#plugins/storage-memory/network/stores.ts';
import { platformStores } from '#plugins/storage-memory/platform/stores.ts';
import { threatStores } from '#plugins/storage-memory/threat/stores.ts';

/** Every store, by domain. */
export const stores: readonly Provision<Session>[] = [...platformStores, ...networkStores, ...threatStores];
