import type { z } from 'zod';
import type { AccountDeclaration, PermissionArea, RoleDeclaration } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { JobClass, JobOptions } from '#kernel/job.ts';
import type { Listener } from '#kernel/listener.ts';
import type { Logger } from '#kernel/log.ts';
import type { ManyPort, Port } from '#kernel/port.ts';
import type { UnitOfWork } from '#kernel/unit.ts';

/** Something that `/health/ready` asks about. */
export interface ReadinessCheck {
  readonly name: string;
  /** Shown, but never the reason for an answer 503. */
  readonly advisory?: boolean;
  /** @throws Error with the reason when it is not ready. */
  check(ctx: Context): Promise<void>;
}

/** A door of a plugin's own beside GraphQL. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** An absolute path without a pattern. */
  readonly path: string;
  readonly description: string;
  /** Whether the door looks at credentials itself: then the viewer is anonymous, whatever the request carries. */
  readonly anonymous?: boolean;
  /** The viewer is authenticated already; the handler asks `allow` as every behaviour does. */
  handle(request: Request, ctx: Context): Promise<Response>;
}

/** Work that goes on from start to drain, in every process. */
export interface Task {
  readonly name: string;
  /** WORK: in processes that do the work behind the graph. DOORS: in those that serve it. WORK unless said. */
  readonly place?: 'WORK' | 'DOORS';
  /** Returns when the signal is aborted. What it throws is logged, and it is begun again after a pause. */
  run(ctx: Context, signal: AbortSignal): Promise<void>;
}

export type PortMap = Readonly<Record<string, Port<object>>>;

export type PortValues<Uses extends PortMap, Optional extends PortMap> = {
  readonly [Key in keyof Uses]: Uses[Key] extends Port<infer T> ? T : never;
} & {
  readonly [Key in keyof Optional]: Optional[Key] extends Port<infer T> ? T | null : never;
};

/** How a plugin gives what it declared in `provides`. */
export interface Provide {
  <T extends object>(port: Port<T> | ManyPort<T>, value: T): void;
  /** For a provider that takes part in transactions: `make` is called with the unit of the context that asks. */
  bound<T extends object>(port: Port<T>, make: (unit: UnitOfWork | null) => T): void;
}

export interface SetupParts<Config, Values> {
  readonly config: Config;
  readonly ports: Values;
  readonly provide: Provide;
  /** Aborted at drain: take in no more, finish what is under way. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Where a plugin may keep files; the folder may not exist yet. */
  readonly dataDir: string;
  /** A context of the gateway's own, with every right. */
  context(): Context;
}

/** What ends a plugin: called after drain, in reverse order of the setups. */
export type Dispose = () => void | Promise<void>;

/** A plugin as the registry sees it, whatever the types of its parts. `Builder` is opaque here. */
export interface Plugin<Builder = unknown> {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The dotted path of its config; its name when it says nothing. */
  readonly section: string;
  readonly config: z.ZodObject;
  /** Plugins that it cannot do without; they are pulled in. */
  readonly dependsOn: readonly Plugin<Builder>[];
  readonly uses: PortMap;
  readonly optional: PortMap;
  readonly provides: readonly (Port<object> | ManyPort<object>)[];
  readonly events: readonly EventDefinition[];
  // biome-ignore lint/suspicious/noExplicitAny: classes of any arguments
  readonly jobs: readonly JobClass<any>[];
  /** What it says of job classes, its own or of others, by name: before their declarations, after the config. */
  readonly jobOptions: Readonly<Record<string, JobOptions>>;
  readonly permissions: readonly PermissionArea[];
  readonly roles: readonly RoleDeclaration[];
  readonly accounts: readonly AccountDeclaration[];
  readonly checks: readonly ReadinessCheck[];
  readonly routes: readonly Route[];
  readonly tasks: readonly Task[];
  readonly listeners: readonly Listener[];
  schema?(builder: Builder): void;
  setup?(parts: SetupParts<never, never>): Promise<Dispose | undefined> | Dispose | undefined;
}
