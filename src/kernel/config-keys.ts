import { z } from 'zod';
import type { ConfigSection } from '#kernel/config.ts';

/** One key of the config as documentation and environment see it. */
export interface ConfigKey {
  readonly path: string;
  readonly owner: string;
  readonly environment: string;
  readonly description: string;
  readonly default: unknown;
  readonly secret: boolean;
  readonly schema: z.ZodType;
}

/** `auth.session.life` is `GATEHOUSE_AUTH_SESSION_LIFE`. */
const environmentName = (path: string) =>
  `GATEHOUSE_${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toUpperCase()}`;

/** Names from the environment that are not the path of a key. */
export const aliases: Readonly<Record<string, string>> = {
  PORT: 'http.port',
  DATABASE_URL: 'storage.url',
  GATEHOUSE_ADMIN_EMAIL: 'accounts.adminEmail',
  GATEHOUSE_ADMIN_PASSWORD: 'accounts.adminPassword',
};

/** Every key that the sections know, sorted. */
export function configKeys(sections: readonly ConfigSection[]): ConfigKey[] {
  return sections
    .flatMap((section) => leaves(section.schema, section.path).map((leaf) => ({ ...leaf, owner: section.owner })))
    .map((leaf) => ({ ...leaf, environment: environmentName(leaf.path) }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

type Leaf = Pick<ConfigKey, 'path' | 'description' | 'default' | 'secret' | 'schema'>;

function leaves(schema: z.ZodType, path: string): Leaf[] {
  const { inner, fallback, meta } = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([key, value]) =>
      leaves(value as z.ZodType, path === '' ? key : `${path}.${key}`),
    );
  }
  return [
    { path, description: meta.description ?? '', default: fallback, secret: meta.secret === true, schema: inner },
  ];
}

interface Meta {
  readonly description?: string;
  readonly secret?: boolean;
}

/** The schema below defaults, options and transforms, with what was said on the way. */
function unwrap(schema: z.ZodType): { inner: z.ZodType; fallback: unknown; meta: Meta } {
  let inner: z.ZodType = schema;
  let fallback: unknown;
  let meta: Meta = {};
  for (;;) {
    meta = { ...(inner.meta() as Meta | undefined), ...meta };
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      fallback ??= inner.def.defaultValue;
      inner = inner.def.innerType as z.ZodType;
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) {
      inner = inner.def.innerType as z.ZodType;
    } else if (inner instanceof z.ZodPipe) {
      inner = inner.def.in as z.ZodType;
    } else return { inner, fallback, meta };
  }
}
