import { streamBody } from '#http/body.ts';
import { type Call, factsOf } from '#http/call.ts';
import type { Caller } from '#http/caller.ts';
import type { HttpConfig } from '#http/config.ts';
import { maskFailure } from '#http/mask.ts';
import { type ContextSource, createContext } from '#kernel/context.ts';
import type { DoorCall } from '#kernel/door-call.ts';
import type { ProtocolDoor } from '#kernel/plugin.ts';
import { type Authenticator, anonymousViewer, type Viewer } from '#kernel/viewer.ts';

/** Finds the door of a protocol that answers at a path. */
export type DoorFinder = (path: string) => ProtocolDoor | null;

/**
 * A door answers at its path, with and without a slash at the end, and below. Of several the one whose path is longest.
 * @throws Error when two have one path.
 */
export function createDoorFinder(doors: readonly ProtocolDoor[]): DoorFinder {
  const bases = new Map<string, ProtocolDoor>();
  for (const door of doors) {
    const base = door.path.replace(/\/$/, '');
    if (bases.has(base)) throw new Error(`Two doors answer at ${door.path}: leave one of their plugins out.`);
    bases.set(base, door);
  }
  const ordered = [...bases].sort(([one], [other]) => other.length - one.length);
  return (path) => ordered.find(([base]) => path === base || path.startsWith(`${base}/`))?.[1] ?? null;
}

export interface DoorCallParts {
  readonly source: ContextSource;
  readonly authenticator: Authenticator;
  readonly config: Pick<HttpConfig, 'publicUrl'>;
  readonly caller: Caller;
  /** Looks at origin and credential; a viewer that is given is taken for who calls. */
  call(viewer?: Viewer): Promise<Call>;
}

/** A request as the door of a protocol is given it. */
export async function toDoorCall(request: Request, path: string, parts: DoorCallParts): Promise<DoorCall> {
  const { source, authenticator, config, caller, call } = parts;
  const ctx = createContext(source, factsOf(await call(anonymousViewer())));
  return {
    request,
    path,
    publicUrl: config.publicUrl?.replace(/\/+$/, '') ?? writtenOrigin(caller, request),
    ctx,
    enter: async () => createContext(source, factsOf(await call())),
    get challenges() {
      return authenticator.challenges;
    },
    body: (max, key) => streamBody(request, max, key),
    mask: (error) =>
      maskFailure(error, {
        requestId: caller.facts.id,
        log: ctx.log.child({ path }),
        abandoned: ctx.signal.aborted,
      }),
  };
}

/** How the client wrote scheme, name and port of this gateway. */
function writtenOrigin({ facts, host }: Caller, request: Request): string {
  const scheme = facts.secure ? 'https' : 'http';
  const written = `${scheme}://${host ?? new URL(request.url).host}`;
  return URL.canParse(written) ? new URL(written).origin : `${scheme}://${new URL(request.url).host}`;
}
