import type { Context } from '#kernel/context.ts';
import type { AppendedEvent, EventDefinition } from '#kernel/event.ts';
import type { DeclaredJob } from '#kernel/job.ts';
import type { AreaRules, Facts, ScopeGrant } from '#kernel/permission.ts';
import { definePort, type Port } from '#kernel/port.ts';

/** A kind of thing that a scope may name: how its value is understood, kept and shown. */
export interface ScopeKind {
  /**
   * The value to keep for what a person wrote (natural key or id), or null when there is no such thing. A kind may keep
   * some spellings under another kind of its area.
   */
  resolve(ctx: Context, text: string): Promise<string | ScopeGrant | null>;
  /** How people call the thing with this id; the id itself when it is gone. */
  display(ctx: Context, id: string): Promise<string>;
  /** For trees: everything that the thing lies in, by kind. A grant on one of them is wider than one on the thing. */
  ancestors?(ctx: Context, id: string): Promise<Facts>;
}

/** An area of permissions, declared by a plugin. */
export interface PermissionArea extends AreaRules {
  readonly description: string;
  readonly kinds?: Readonly<Record<string, ScopeKind>>;
  /**
   * For patterns: everything that one may be held against. Lists and histories are narrowed to those of it that a viewer's
   * patterns cover, so that no storage has to understand patterns.
   */
  values?(ctx: Context): Promise<readonly string[]>;
  /** What everybody may at this moment, with a credential and without: for things that can be made public. */
  readonly open?: {
    /** Permissions of this area, as they are kept. */
    permissions(ctx: Context): Promise<readonly string[]>;
    /** Whether an event may have changed them. */
    changedBy(event: AppendedEvent): boolean;
  };
}

/** A role that a plugin declares: made at a start when missing, never reset after somebody changed it. */
export interface RoleDeclaration {
  readonly name: string;
  readonly realName: string;
  readonly permissions: readonly string[];
}

/**
 * A SERVICE account that a plugin declares: made at a start when missing, without a credential, and never reset after
 * somebody changed it. It keeps its name.
 */
export interface AccountDeclaration {
  readonly name: string;
  readonly realName: string;
  readonly permissions?: readonly string[];
  /** Names of roles, such as those that the plugin declares beside it. */
  readonly roles?: readonly string[];
}

/** What the listed plugins declare, together. */
export interface Catalogue {
  readonly events: ReadonlyMap<string, EventDefinition>;
  readonly areas: ReadonlyMap<string, PermissionArea>;
  readonly roles: readonly RoleDeclaration[];
  readonly accounts: readonly AccountDeclaration[];
  /** By name of the class. */
  readonly jobs: ReadonlyMap<string, DeclaredJob>;
  /** Ports that jobs in threads may use, by name. */
  readonly remotePorts: ReadonlyMap<string, Port<object>>;
}

export const catalogue = definePort<Catalogue>('catalogue');
