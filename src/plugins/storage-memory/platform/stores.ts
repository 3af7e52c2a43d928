import type { Provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';

export const platformStores: readonly Provision<Session>[] = [];
