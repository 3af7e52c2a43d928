import type { LiveConnection } from '#http/live/connection.ts';
import type { AppendedEvent } from '#kernel/event.ts';
import type { Logger } from '#kernel/log.ts';
import type { Affected, Authenticator, Viewer } from '#kernel/viewer.ts';

interface Outcome {
  /** The viewer is as given now: what is open goes on under his present rights. */
  readmit(connection: LiveConnection, viewer: Viewer): Promise<void>;
  end(connection: LiveConnection, reason: string): void;
}

/** Looks again at who is behind a connection: when an event says so, and when a credential's time is over. */
export class RightsWatch {
  readonly #authenticator: Authenticator;
  readonly #log: Logger;
  readonly #outcome: Outcome;
  readonly #timers = new Map<LiveConnection, NodeJS.Timeout>();

  constructor(authenticator: Authenticator, log: Logger, outcome: Outcome) {
    this.#authenticator = authenticator;
    this.#log = log;
    this.#outcome = outcome;
  }

  /** Sets the clock for the end of the credential. It is asked again then: it may have been extended. */
  watch(connection: LiveConnection): void {
    this.forget(connection);
    const expiresAt = connection.viewer.credential?.expiresAt;
    if (expiresAt == null) return;
    const delay = Math.min(Math.max(expiresAt - Date.now(), 0) + 1, 2 ** 31 - 1);
    const timer = setTimeout(() => this.#look(connection), delay);
    timer.unref();
    this.#timers.set(connection, timer);
  }

  forget(connection: LiveConnection): void {
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
  }

  /** Silences at once whose rights an event may change, and looks at them anew. */
  heed(event: AppendedEvent, connections: Iterable<LiveConnection>): void {
    const affected = this.#authenticator.affects(event);
    if (!affected) return;
    for (const connection of connections) if (concerns(affected, connection.viewer)) this.#look(connection);
  }

  #look(connection: LiveConnection): void {
    for (const member of connection.members.values()) member.leave();
    connection.look += 1;
    connection.looking = true;
    void this.#refresh(connection, connection.look, 0);
  }

  async #refresh(connection: LiveConnection, look: number, attempt: number): Promise<void> {
    try {
      const now = await this.#authenticator.refresh(connection.viewer);
      if (connection.closed || connection.look !== look) return;
      if ('ended' in now) {
        this.#outcome.end(connection, now.ended);
        return;
      }
      connection.looking = false;
      await this.#outcome.readmit(connection, now.viewer);
      this.watch(connection);
    } catch (error) {
      // Nothing is delivered while it is not known what may be: the connection stays silent until an answer comes.
      this.#log.warn({ err: error, attempt }, 'Rights of an open stream cannot be read now; trying again.');
      setTimeout(() => {
        if (!connection.closed && connection.look === look) void this.#refresh(connection, look, attempt + 1);
      }, 500).unref();
    }
  }
}

function concerns(affected: Affected, viewer: Viewer): boolean {
  switch (affected.who) {
    case 'everyone':
      return viewer.kind !== 'SYSTEM';
    case 'account':
      return viewer.id === affected.id;
    case 'credential':
      return viewer.credential?.id === affected.id;
  }
}
