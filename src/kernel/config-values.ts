import { z } from 'zod';
import { type Config, ConfigError, type ConfigFault, type ConfigSection } from '#kernel/config.ts';
import { aliases, type ConfigKey, configKeys } from '#kernel/config-keys.ts';

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

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
  const tree = copyOf(file);
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
    const issues = result.error?.issues ?? sections.filter((s) => s.path === path).flatMap((s) => ruleIssues(s, own));
    if (result.success && issues.length === 0) values.set(path, result.data);
    else faults.push(...issues.flatMap((issue) => issueFaults(path, issue)));
  }
  if (!paths.includes('')) {
    const heads = paths.map((path) => path.split('.')[0]);
    for (const key of Object.keys(tree))
      if (!heads.includes(key)) faults.push({ path: key, message: 'is no section of any listed plugin.' });
  }
  return values;
}

/** What the rules of a section say that hold several of its keys against each other. */
function ruleIssues({ schema }: ConfigSection, raw: unknown): readonly z.core.$ZodIssue[] {
  const own = Object.entries(isTree(raw) ? raw : {}).filter(([key]) => Object.hasOwn(schema.shape, key));
  return schema.safeParse(Object.fromEntries(own)).error?.issues ?? [];
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
function copyOf(tree: Tree): Tree {
  const plain = Object.getPrototypeOf(tree) === Object.prototype;
  return plain
    ? Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, isTree(value) ? copyOf(value) : value]))
    : tree;
}
