import type { Provision } from '#plugins/provision.ts';
import { networkStores } from '#plugins/storage-prisma/network/stores.ts';
import { platformStores } from '#plugins/storage-prisma/platform/stores.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { threatStores } from '#plugins/storage-prisma/threat/stores.ts';

/** Every store, by domain. */
export const stores: readonly Provision<Session>[] = [...platformStores, ...networkStores, ...threatStores];
