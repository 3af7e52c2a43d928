import { z } from 'zod';

/** A part of the config that one plugin or room owns. `path` is dotted; `''` is the top. */
export interface ConfigSection {
  readonly path: string;
  readonly owner: string;
  readonly schema: z.ZodObject;
}

export interface ConfigFault {
  readonly path: string;
  readonly message: string;
}

/** Everything that is wrong with a config, at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(
      ['The config is not usable:', ...faults.map(({ path, message }) => `  ${path || '(top)'}: ${message}`)].join(
        '\n',
      ),
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** The keys of a section. Unknown ones are refused; a section that is absent is as if empty. */
export const keys = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

/** Keys below a key. */
export const group = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never);

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration: a number of seconds or a text (`250ms 30s 15m 8h 30d`). Its value is in milliseconds. */
export const duration = () =>
  z.union([z.number().nonnegative(), z.string()]).transform((value, check) => {
    if (typeof value === 'number') return value * 1000;
    const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value.trim()) ?? [];
    if (count !== undefined) return Number(count) * (units[unit] ?? 1000);
    check.addIssue(`"${value}" is no duration: give seconds, or a text such as 250ms, 30s, 15m, 8h or 30d.`);
    return z.NEVER;
  });

/** A size: a number of bytes or a text (`64KiB 32MiB`). Its value is in bytes. */
export const size = () =>
  z.union([z.number().int().nonnegative(), z.string()]).transform((value, check) => {
    if (typeof value === 'number') return value;
    const [, count, prefix = ''] = /^(\d+)\s*(?:([KMG])i?)?B?$/i.exec(value.trim()) ?? [];
    const power = ['', 'K', 'M', 'G'].indexOf(prefix.toUpperCase());
    if (count !== undefined) return Number(count) * 1024 ** power;
    check.addIssue(`"${value}" is no size: give bytes, or a text such as 64KiB or 32MiB.`);
    return z.NEVER;
  });

/** Marks a key whose value is never printed. */
export const secret = <Schema extends z.ZodType>(schema: Schema) => schema.meta({ secret: true });

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

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A config after all checks: the value of each section by its path. */
export interface Config {
  section(path: string): Tree;
  /** All values as one tree, secrets masked: what `gatehouse config print` shows. */
  print(): Tree;
}

/**
 * @param file what the config file holds.
 * @param environment overrides single keys; `GATEHOUSE_` + path in upper snake case, `PORT` and `DATABASE_URL`.
 * @param reserved names from the environment that others read.
 * @throws ConfigError with every fault.
 */
export function readConfig(
  sections: readonly ConfigSection[],
  file: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  reserved: readonly string[] = [],
): Config {
  if (!isTree(file)) throw new ConfigError([{ path: '', message: 'must be an object of sections.' }]);
  const known = configKeys(sections);
  const faults: ConfigFault[] = [];
  const tree = structuredCloneOfData(file);
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || reserved.includes(name)) continue;
    const key = known.find((entry) => entry.environment === name || entry.path === aliases[name]);
    if (key) setAt(tree, key.path.split('.'), fromText(text, key.schema));
    else if (name.startsWith('GATEHOUSE_')) faults.push({ path: name, message: 'is no key of this config.' });
  }
  const values = parseSections(sections, tree, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    section: (path) => values.get(path) ?? {},
    print: () => printTree(values, known),
  };
}

function parseSections(sections: readonly ConfigSection[], tree: Tree, faults: ConfigFault[]): Map<string, Tree> {
  const paths = [...new Set(sections.map((section) => section.path))];
  const values = new Map<string, Tree>();
  for (const path of paths) {
    const shape = Object.assign({}, ...sections.filter((s) => s.path === path).map((s) => s.schema.shape));
    const below = paths.filter((other) => other !== path && (path === '' || other.startsWith(`${path}.`)));
    const heads = below.map((other) => other.slice(path === '' ? 0 : path.length + 1).split('.')[0]);
    const raw = path === '' ? tree : getAt(tree, path.split('.'));
    const own = isTree(raw)
      ? Object.fromEntries(Object.entries(raw).filter(([key]) => !heads.includes(key) || key in shape))
      : raw;
    const result = z.strictObject(shape).safeParse(own ?? {});
    if (result.success) values.set(path, result.data);
    else faults.push(...result.error.issues.flatMap((issue) => issueFaults(path, issue)));
  }
  if (!paths.includes('')) {
    const heads = paths.map((path) => path.split('.')[0]);
    for (const key of Object.keys(tree))
      if (!heads.includes(key)) faults.push({ path: key, message: 'is no section of any listed plugin.' });
  }
  return values;
}

function issueFaults(path: string, issue: z.core.$ZodIssue): ConfigFault[] {
  const at = [path, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  if (issue.code !== 'unrecognized_keys') return [{ path: at, message: issue.message }];
  return issue.keys.map((key) => ({
    path: at === '' ? key : `${at}.${key}`,
    message: 'is no key that a listed plugin knows.',
  }));
}

function printTree(values: Map<string, Tree>, known: readonly ConfigKey[]): Tree {
  const printed: Tree = {};
  for (const key of known) {
    const section = [...values.keys()]
      .filter((path) => path === '' || key.path.startsWith(`${path}.`))
      .sort((one, other) => other.length - one.length)
      .find((path) => getAt(values.get(path) ?? {}, below(path, key.path)) !== undefined);
    if (section === undefined) continue;
    const value = getAt(values.get(section) ?? {}, below(section, key.path));
    setAt(printed, key.path.split('.'), key.secret && value != null ? '***' : value);
  }
  return printed;
}

const below = (section: string, path: string) => path.slice(section === '' ? 0 : section.length + 1).split('.');

/** Environment values are text: what is no text in the schema is read as JSON, lists also as comma-separated. */
function fromText(text: string, schema: z.ZodType): unknown {
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return text;
  try {
    return JSON.parse(text);
  } catch {
    return schema instanceof z.ZodArray ? text.split(',').map((part) => part.trim()) : text;
  }
}

function getAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isTree(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    tree,
  );
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const next = tree[head];
  const child: Tree = isTree(next) ? next : {};
  tree[head] = child;
  setAt(child, rest, value);
}

/** A copy down to the leaves, which may be values that cannot be cloned (plugins in a TypeScript config). */
function structuredCloneOfData(tree: Tree): Tree {
  const plain = Object.getPrototypeOf(tree) === Object.prototype;
  return plain
    ? Object.fromEntries(
        Object.entries(tree).map(([key, value]) => [key, isTree(value) ? structuredCloneOfData(value) : value]),
      )
    : tree;
}
