import type { Provide } from '#kernel/plugin.ts';
import type { Port } from '#kernel/port.ts';
import type { UnitOfWork } from '#kernel/unit.ts';

/** A port with how to make its provider from a storage's session. */
export interface Provision<Session> {
  readonly port: Port<object>;
  make(session: Session): object;
}

/** Says which store a storage provides for a port. */
export function provision<Session, T extends object>(port: Port<T>, make: (session: Session) => T): Provision<Session> {
  return { port: port as Port<object>, make };
}

/** Provides every port, each bound to the unit of work of the context that asks. */
export function provideAll<Session>(
  provide: Provide,
  provisions: readonly Provision<Session>[],
  sessionOf: (unit: UnitOfWork | null) => Session,
): void {
  for (const { port, make } of provisions) {
    // Stores keep no state: outside all units one is enough.
    const outside = make(sessionOf(null));
    provide.bound(port, (unit) => (unit ? make(sessionOf(unit)) : outside));
  }
}
