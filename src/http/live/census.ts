import type { LiveConfig } from '#http/live/config.ts';
import type { LiveConnection } from '#http/live/connection.ts';
import { StreamError } from '#kernel/errors.ts';
import type { Viewer } from '#kernel/viewer.ts';

type Limits = LiveConfig['max'];

/** Who has what open: no account, no address and no process may have more than its share. */
export class Census {
  readonly connections = new Set<LiveConnection>();
  readonly #limits: Limits;
  readonly #owners = new Map<string, { connections: number; subscriptions: number }>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws StreamError when the process, the account or the address has too many connections. */
  checkConnection(viewer: Viewer, address: string | null): void {
    const { connections, perAccount, perAddress } = this.#limits;
    if (this.connections.size >= connections)
      throw tooMany(`This gateway has ${connections} connections open (live.max.connections).`);
    const most = viewer.kind === 'ANONYMOUS' ? perAddress : perAccount;
    const key = viewer.kind === 'ANONYMOUS' ? 'perAddress' : 'perAccount';
    if ((this.#owners.get(ownerOf(viewer, address))?.connections ?? 0) >= most)
      throw tooMany(`You have ${most} connections open (live.max.${key}).`);
  }

  /** @throws StreamError when the connection or its owner has too many subscriptions. */
  checkSubscription(connection: LiveConnection): void {
    const { operations, subscriptions } = this.#limits;
    if (connection.members.size >= operations) throw tooManyOperations(operations);
    const owner = this.#owners.get(ownerOf(connection.viewer, connection.address));
    if ((owner?.subscriptions ?? 0) >= subscriptions)
      throw tooMany(`You have ${subscriptions} subscriptions (live.max.subscriptions).`);
  }

  add(connection: LiveConnection): void {
    this.connections.add(connection);
    const owner = ownerOf(connection.viewer, connection.address);
    const counts = this.#owners.get(owner) ?? { connections: 0, subscriptions: 0 };
    counts.connections += 1;
    this.#owners.set(owner, counts);
  }

  /** False when it was removed already. */
  remove(connection: LiveConnection): boolean {
    if (!this.connections.delete(connection)) return false;
    const owner = ownerOf(connection.viewer, connection.address);
    const counts = this.#owners.get(owner);
    if (counts) counts.connections -= 1;
    if (counts && counts.connections <= 0) this.#owners.delete(owner);
    return true;
  }

  countSubscription(connection: LiveConnection, change: 1 | -1): void {
    const counts = this.#owners.get(ownerOf(connection.viewer, connection.address));
    if (counts) counts.subscriptions += change;
  }
}

export const tooManyOperations = (most: number) =>
  tooMany(`This connection has ${most} operations (live.max.operations).`);

const tooMany = (message: string) => new StreamError('LIMIT_EXCEEDED', message);

const ownerOf = (viewer: Viewer, address: string | null): string =>
  viewer.id ?? (viewer.kind === 'SYSTEM' ? 'system' : `address ${address}`);
