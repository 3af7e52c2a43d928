import { createHash } from 'node:crypto';
import { compilePattern, type Pattern } from '#kernel/pattern.ts';

/**
 * The permission grammar and its evaluation.
 *
 *     permission = "*" | area ":" verb [ "@" scope ]
 *     scope      = kind "/" value  |  pattern  |  path  |  key    (each area declares which)
 *
 * A permission without a scope covers every scope. Grants are a union; there is no deny.
 */
export type PermissionName = `${string}:${string}`;

/** What an area says of its verbs and scopes as far as evaluation needs it. */
export interface AreaRules {
  readonly name: string;
  /** `standard`: everybody who signed in has it at first; a text: in this scope. */
  readonly verbs: Readonly<Record<string, { readonly description: string; readonly standard?: boolean | string }>>;
  /** Verbs that a verb includes, beside what every area has: `admin` all, `write` create, update and delete. */
  readonly implies?: Readonly<Record<string, readonly string[]>>;
  readonly scope: 'kinds' | 'pattern' | 'path' | 'key' | 'none';
  /** The fact that a pattern, a path or a key is held against; the area's name when it says nothing. */
  readonly fact?: string;
  /** The kinds that a scope may name, for areas whose scope is `kinds`. */
  readonly kinds?: Readonly<Record<string, unknown>>;
}

export interface Permission {
  readonly area: string;
  readonly verb: string;
  /** For patterns, paths and keys the kind is the fact they are held against. */
  readonly scope: { readonly kind: string; readonly value: string } | null;
}

/**
 * What a check knows about the thing touched, by kind. A list is any-of: a grant on one member is enough. With `all`,
 * every member must be covered (the two end devices of a circuit).
 */
export type Facts = Readonly<Record<string, string | readonly string[] | { readonly all: readonly string[] }>>;

/** Everything that a fact names, any-of or all-of. */
export function factValues(fact: Facts[string] | undefined): readonly string[] {
  if (fact === undefined) return [];
  if (typeof fact === 'string') return [fact];
  return 'all' in fact ? fact.all : fact;
}

export interface ScopeGrant {
  readonly kind: string;
  readonly value: string;
}

/** What a viewer may see, as a storage filter: a row passes when each list has a grant that covers it. */
export type Visibility = 'all' | 'none' | { readonly allOf: readonly (readonly ScopeGrant[])[] };

/** Everything an account may do at one moment. */
export interface Rights {
  /** Equal for equal rights, whoever holds them. */
  readonly key: string;
  /** The permissions as text, sorted. */
  readonly texts: readonly string[];
  covers(need: PermissionName, facts?: Facts): boolean;
  /**
   * Whether a permission is no more than these rights: the same one, or one that they include or are wider than. A
   * pattern is held only by the same text or without a scope.
   * @param text as it is kept; `*` is held by `*` alone.
   * @param ancestors what the thing in its scope lies in, by kind.
   */
  holds(text: string, ancestors?: Facts): boolean;
  visibility(need: PermissionName): Visibility;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const notInPermissions = /[\s\u0000-\u001f\u007f]/;
const word = /^[a-z][A-Za-z0-9]*$/;

/** The parts of a permission, or null where the text is none that the areas declare. `*` has no parts: test it first. */
export function parsePermission(text: string, areas: ReadonlyMap<string, AreaRules>): Permission | null {
  if ([...text].length > 512 || notInPermissions.test(text)) return null;
  const colon = text.indexOf(':');
  const at = text.indexOf('@');
  const areaName = text.slice(0, colon);
  const verb = at < 0 ? text.slice(colon + 1) : text.slice(colon + 1, at);
  if (colon < 1 || !word.test(areaName) || !word.test(verb)) return null;
  const area = areas.get(areaName);
  if (!area || !isVerb(area, verb)) return null;
  if (at < 0) return { area: areaName, verb, scope: null };
  const scope = parseScope(area, text.slice(at + 1));
  return scope && { area: areaName, verb, scope };
}

const isVerb = (area: AreaRules, verb: string) => verb === 'admin' || Object.hasOwn(area.verbs, verb);

function parseScope(area: AreaRules, text: string): ScopeGrant | null {
  switch (area.scope) {
    case 'kinds': {
      const slash = text.indexOf('/');
      const kind = text.slice(0, slash);
      const value = text.slice(slash + 1);
      return slash > 0 && value !== '' && Object.hasOwn(area.kinds ?? {}, kind) ? { kind, value } : null;
    }
    case 'pattern':
      try {
        if (text === '' || [...text].length > 256) return null;
        compilePattern(text);
        return { kind: factOf(area), value: text };
      } catch {
        return null;
      }
    case 'path':
      return isPath(text) ? { kind: factOf(area), value: text } : null;
    case 'key':
      return text === '' ? null : { kind: factOf(area), value: text };
    case 'none':
      return null;
  }
}

/** `/`, or segments with a slash before each: others would cover nothing. */
const isPath = (text: string): boolean =>
  text === '/' ||
  (text.startsWith('/') &&
    text
      .slice(1)
      .split('/')
      .every((segment) => !['', '.', '..'].includes(segment)));

const factOf = (area: AreaRules): string => area.fact ?? area.name;

export function formatPermission(permission: Permission, area: AreaRules): string {
  const { area: name, verb, scope } = permission;
  if (!scope) return `${name}:${verb}`;
  return area.scope === 'kinds' ? `${name}:${verb}@${scope.kind}/${scope.value}` : `${name}:${verb}@${scope.value}`;
}

/** All verbs that holding `verb` gives, itself included. */
export function impliedVerbs(area: AreaRules, verb: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [verb];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(area.implies?.[next] ?? []));
    if (next === 'admin') waiting.push(...Object.keys(area.verbs));
    if (next === 'write') waiting.push(...['create', 'update', 'delete'].filter((part) => isVerb(area, part)));
  }
  return seen;
}

/** The grants of one verb, arranged for checking. */
interface VerbGrants {
  unscoped: boolean;
  readonly byKind: Map<string, Set<string>>;
  /** The fact that patterns and paths are held against. */
  readonly fact: string;
  readonly patterns: Pattern[];
  readonly paths: string[];
}

/** Rights from permission texts. Texts that no area declares any more give nothing. */
export function grantedRights(texts: Iterable<string>, areas: ReadonlyMap<string, AreaRules>): Rights {
  const sorted = [...new Set(texts)].sort();
  const everything = sorted.includes('*');
  const verbs = new Map<string, VerbGrants>();
  for (const text of sorted) {
    const permission = parsePermission(text, areas);
    const area = permission && areas.get(permission.area);
    if (!permission || !area) continue;
    for (const verb of impliedVerbs(area, permission.verb)) addGrant(verbs, area, verb, permission.scope);
  }
  return {
    key: createHash('sha256').update(JSON.stringify(sorted)).digest('base64url'),
    texts: sorted,
    covers: (need, facts = {}) => everything || coversFacts(verbs.get(need), facts),
    holds: (text, ancestors = {}) => everything || sorted.includes(text) || holdsText(verbs, text, areas, ancestors),
    visibility: (need) => (everything ? 'all' : grantsToVisibility(verbs.get(need))),
  };
}

function addGrant(verbs: Map<string, VerbGrants>, area: AreaRules, verb: string, scope: ScopeGrant | null): void {
  const name = `${area.name}:${verb}`;
  const grants: VerbGrants = verbs.get(name) ?? {
    unscoped: false,
    byKind: new Map(),
    fact: factOf(area),
    patterns: [],
    paths: [],
  };
  verbs.set(name, grants);
  if (!scope) {
    grants.unscoped = true;
    return;
  }
  const values = grants.byKind.get(scope.kind) ?? new Set();
  grants.byKind.set(scope.kind, values.add(scope.value));
  if (area.scope === 'pattern') grants.patterns.push(compilePattern(scope.value));
  if (area.scope === 'path') grants.paths.push(scope.value);
}

function coversFacts(grants: VerbGrants | undefined, facts: Facts): boolean {
  if (!grants) return false;
  if (grants.unscoped) return true;
  return Object.entries(facts).some(([kind, fact]) => {
    const covered = (value: string) => coversValue(grants, kind, value);
    if (typeof fact === 'string') return covered(fact);
    if ('all' in fact) return fact.all.length > 0 && fact.all.every(covered);
    return fact.some(covered);
  });
}

function coversValue(grants: VerbGrants, kind: string, value: string): boolean {
  if (grants.paths.length + grants.patterns.length === 0) return grants.byKind.get(kind)?.has(value) ?? false;
  if (kind !== grants.fact) return false;
  return grants.patterns.some((pattern) => pattern.matchesStart(value)) || liesBelow(value, grants.paths);
}

const liesBelow = (value: string, paths: readonly string[]): boolean =>
  paths.some((path) => value === path || value.startsWith(path.endsWith('/') ? path : `${path}/`));

function holdsText(
  verbs: ReadonlyMap<string, VerbGrants>,
  text: string,
  areas: ReadonlyMap<string, AreaRules>,
  ancestors: Facts,
): boolean {
  const permission = parsePermission(text, areas);
  const grants = permission && verbs.get(`${permission.area}:${permission.verb}`);
  if (!permission || !grants) return false;
  if (grants.unscoped) return true;
  const { scope } = permission;
  if (!scope) return false;
  if (grants.byKind.get(scope.kind)?.has(scope.value)) return true;
  return liesBelow(scope.value, grants.paths) || (grants.patterns.length === 0 && coversFacts(grants, ancestors));
}

function grantsToVisibility(grants: VerbGrants | undefined): Visibility {
  if (!grants) return 'none';
  if (grants.unscoped) return 'all';
  const list = [...grants.byKind].flatMap(([kind, values]) => [...values].map((value) => ({ kind, value })));
  return list.length === 0 ? 'none' : { allOf: [list] };
}

/**
 * Whether any-of grants cover a thing with these facts, each member of an all-of fact by one of them: for stores that
 * filter in memory.
 */
export const grantsCover = (grants: readonly ScopeGrant[], facts: Facts): boolean =>
  Object.entries(facts).some(([kind, fact]) => {
    const covered = (value: string) => grants.some((grant) => grant.kind === kind && grant.value === value);
    if (typeof fact === 'string') return covered(fact);
    return 'all' in fact ? fact.all.length > 0 && fact.all.every(covered) : fact.some(covered);
  });

/** Whether a grant covers a thing with these facts: for stores that filter in memory. */
export function grantCovers({ kind, value }: ScopeGrant, facts: Facts): boolean {
  const fact = facts[kind];
  if (fact === undefined) return false;
  if (typeof fact === 'string') return fact === value;
  return 'all' in fact ? fact.all.every((member) => member === value) : fact.includes(value);
}

/** What both allow: an API key narrows the rights of its account. */
export function bothRights(one: Rights, other: Rights): Rights {
  return {
    key: createHash('sha256').update(`${one.key}&${other.key}`).digest('base64url'),
    texts: [
      ...new Set([...one.texts.filter((text) => other.holds(text)), ...other.texts.filter((text) => one.holds(text))]),
    ].sort(),
    covers: (need, facts) => one.covers(need, facts) && other.covers(need, facts),
    holds: (text, ancestors) => one.holds(text, ancestors) && other.holds(text, ancestors),
    visibility(need) {
      const mine = one.visibility(need);
      const theirs = other.visibility(need);
      if (mine === 'none' || theirs === 'none') return 'none';
      if (mine === 'all') return theirs;
      if (theirs === 'all') return mine;
      return { allOf: [...mine.allOf, ...theirs.allOf] };
    },
  };
}

export const noRights: Rights = grantedRights([], new Map());
export const allRights: Rights = grantedRights(['*'], new Map());
