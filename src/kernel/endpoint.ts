import type { Assets, Link, ProtocolDoor, Route } from '#kernel/plugin.ts';
import { definePort } from '#kernel/port.ts';

/** Something that a plugin mounted at a path, with the name that permissions call it. */
export type Mount = { readonly plugin: string; readonly name: string } & (
  | { readonly kind: 'ROUTE'; readonly part: Route }
  | { readonly kind: 'DOOR'; readonly part: ProtocolDoor }
  | { readonly kind: 'LINK'; readonly part: Link }
  | { readonly kind: 'ASSET'; readonly part: Assets }
);

export const endpointKinds = ['QUERY', 'MUTATION', 'SUBSCRIPTION', 'ROUTE', 'LINK', 'ASSET', 'JOB'] as const;
export type EndpointKind = (typeof endpointKinds)[number];

/** One thing that somebody can call, as the parts of this gateway declare it. */
export interface Endpoint {
  /** Row id: the same in every process that has the same plugins. */
  readonly id: string;
  readonly kind: EndpointKind;
  readonly name: string;
  readonly plugin: string;
  readonly title: string;
  readonly description: string;
  readonly author: string;
  readonly tags: readonly string[];
  /** The day since which it exists; null where nobody says. */
  readonly since: string | null;
  /** Of HTTP; none where it is not called over it. */
  readonly methods: readonly string[];
  readonly path: string | null;
  readonly enterUrl: string | null;
  /** What it is given: name, type and description of each argument, or a JSON Schema. */
  readonly arguments: unknown;
  /** What is needed, as people read it; null where nothing is. */
  readonly permission: string | null;
  /** Names of the events that it appends. */
  readonly emits: readonly string[];
  /** Why it should not be used any more. */
  readonly deprecated: string | null;
  /** The rights of which one lets somebody call it, in one of its ways; none: everybody may. */
  readonly rights: readonly EndpointRight[];
  /** Whether it also asks for a tenant. */
  readonly tenant: boolean;
}

/** A permission, on the name of the endpoint where it says so. */
export interface EndpointRight {
  readonly need: `${string}:${string}`;
  readonly on?: string;
}

/** What can be called here. */
export interface Endpoints {
  list(): readonly Endpoint[];
}

export const endpoints = definePort<Endpoints>('endpoints');

/** What a method of HTTP does, as verbs of permissions call it. */
export const verbOfMethod: Readonly<Record<string, 'read' | 'create' | 'update' | 'delete'>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
};

/** The name of what a plugin mounts at a path, unless it says one. */
export const mountName = (plugin: string, path: string): string =>
  [plugin, ...path.split('/').filter((segment) => segment !== '' && !segment.startsWith(':'))].join('.');
