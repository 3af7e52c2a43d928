import type { z } from 'zod';
import type { AccountDeclaration, PermissionArea, RoleDeclaration } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { DoorCall } from '#kernel/door-call.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { JobClass, JobOptions } from '#kernel/job.ts';
import type { Listener } from '#kernel/listener.ts';
import type { Logger } from '#kernel/log.ts';
import type { PermissionName } from '#kernel/permission.ts';
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

/** What everything that a plugin mounts at a path may say of itself. Lists of endpoints show it. */
export interface Mounted {
  /**
   * An absolute path. In routes and links `:name` stands for one segment, which may be empty where it is the last, and
   * `:name*` for one or more, as many as fit. The path without patterns is the more telling one and goes first.
   */
  readonly path: string;
  readonly description: string;
  /** What permissions call it: dotted words; made from the plugin's name and the path unless said. */
  readonly name?: string;
  /** How people call it; its path unless said. */
  readonly title?: string;
  /** Who answers for it; the plugin unless said. */
  readonly author?: string;
  readonly tags?: readonly string[];
  /** The day since which it exists, such as `2026-03-01`: for a while it is told apart as new. */
  readonly since?: string;
  /**
   * The right that is asked before it answers: unless said, `api:` with the verb of the method (GET and HEAD read, POST
   * create, PUT and PATCH update, DELETE delete) on its name. Null: none, it is for everybody or asks by itself.
   */
  readonly permission?: PermissionName | null;
}

/** A door of a plugin's own beside GraphQL. With `:tenant*` in its path it asks `tenant:use` on that tenant as well. */
export interface Route extends Mounted {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Whether the door looks at credentials itself: then the viewer is anonymous, whatever the request carries. */
  readonly anonymous?: boolean;
  /**
   * The viewer is authenticated, and the right was asked already.
   * @param named what stood for the names in the path, decoded.
   */
  handle(request: Request, ctx: Context, named: Readonly<Record<string, string>>): Promise<Response>;
}

/**
 * The door of a protocol: every request at its path and below comes to it, whatever the method, and it answers failures in
 * the protocol's own form. Routes, links and folders below its path go first.
 */
export interface ProtocolDoor extends Omit<Mounted, 'permission'> {
  /** Such as `/taxii2/`. */
  readonly path: string;
  /** For lists of endpoints: the door itself refuses the others. */
  readonly methods: readonly string[];
  handle(call: DoorCall): Promise<Response>;
}

/** A path that leads somewhere else: GET and HEAD are answered with 302. */
export interface Link extends Mounted {
  readonly enterUrl: string;
}

/** A folder of files under a path, for GET and HEAD. */
export interface Assets extends Mounted {
  /** The folder. Nothing outside of it is given, whatever leads there. */
  readonly directory: URL | string;
  /** The file that stands for a folder; `index.html` unless said. */
  readonly index?: string;
  /** Whether the index of the whole folder answers for paths that name no file: for pages that route by themselves. */
  readonly spa?: boolean;
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

/** Whether any of the listed plugins provides a port: for fields that there are only with it. */
export type IsProvided = (port: Port<object>) => boolean;

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
  /** The doors that it has with this config. Pure. */
  doors(config: never): readonly ProtocolDoor[];
  readonly links: readonly Link[];
  readonly assets: readonly Assets[];
  readonly tasks: readonly Task[];
  readonly listeners: readonly Listener[];
  schema?(builder: Builder, isProvided: IsProvided): void;
  setup?(parts: SetupParts<never, never>): Promise<Dispose | undefined> | Dispose | undefined;
}
