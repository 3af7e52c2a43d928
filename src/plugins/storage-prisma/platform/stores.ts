import type { Provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

export const platformStores: readonly Provision<Session>[] = [];
