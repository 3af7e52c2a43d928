import { HttpRefusal } from '#http/answer.ts';
import type { Route } from '#kernel/plugin.ts';

/** What answers a request, and what stood for the names in its path. */
export interface Match<Handler> {
  readonly handler: Handler;
  readonly named: Readonly<Record<string, string>>;
  /** The path as it was declared. */
  readonly path: string;
}

/** Finds what answers a request. */
export interface RouteTable<Handler> {
  /** @throws HttpRefusal 404 for an unknown path, 405 for a method that its path does not take. */
  match(method: string, path: string): Match<Handler>;
  /** Whether any method is answered at this path. */
  has(path: string): boolean;
}

interface Entry<Handler> {
  readonly method: Route['method'];
  /** With `:name` and `:name*`; or with `/*` at its end for everything below. */
  readonly path: string;
  readonly handler: Handler;
}

interface Place<Handler> {
  readonly path: string;
  readonly form: PathForm;
  readonly methods: Map<string, Handler>;
}

/** @throws Error when two entries have the same method and path, or a path cannot be understood. */
export function createRouteTable<Handler>(entries: readonly Entry<Handler>[]): RouteTable<Handler> {
  const places = new Map<string, Place<Handler>>();
  for (const { method, path, handler } of entries) {
    const form = readPath(path);
    const place = places.get(form.key) ?? { path, form, methods: new Map<string, Handler>() };
    if (place.methods.has(method))
      throw new Error(`Two routes answer ${method} ${path}: leave one of their plugins out.`);
    place.methods.set(method, handler);
    places.set(form.key, place);
  }
  const patterns = [...places.values()]
    .filter(({ form }) => form.pattern)
    .sort((one, other) => other.form.weight - one.form.weight);

  /** Everything that fits, what says more of its path first. */
  function* fitting(path: string): Generator<[Place<Handler>, Record<string, string>]> {
    const plain = places.get(path);
    if (plain && !plain.form.pattern) yield [plain, {}];
    for (const place of patterns) {
      const found = place.form.pattern?.exec(path);
      if (found) yield [place, decoded(place.form.names, found)];
    }
  }

  return {
    has: (path) => !fitting(path).next().done,
    match(method, path) {
      const taken = new Set<string>();
      for (const [place, named] of fitting(path)) {
        const handler = place.methods.get(method) ?? (method === 'HEAD' ? place.methods.get('GET') : undefined);
        if (handler) return { handler, named, path: place.path };
        for (const one of place.methods.keys()) taken.add(one);
        if (place.methods.has('GET')) taken.add('HEAD');
      }
      if (taken.size === 0) throw new HttpRefusal(404, `Nothing is at ${path.slice(0, 200)}.`);
      const allow = [...taken].join(', ');
      throw new HttpRefusal(405, `${path.slice(0, 200)} takes ${allow}.`, { allow });
    },
  };
}

interface PathForm {
  /** Equal for paths that mean the same places. */
  readonly key: string;
  /** Null for a path without names. */
  readonly pattern: RegExp | null;
  readonly names: readonly string[];
  /** Higher for a path that says more. */
  readonly weight: number;
}

/** @throws Error for a path that cannot be understood. */
function readPath(path: string): PathForm {
  if (!path.startsWith('/')) throw new Error(`The path ${path} does not begin with /.`);
  if (!path.includes(':') && !path.endsWith('/*')) return { key: path, pattern: null, names: [], weight: 0 };
  const segments = path.slice(1).split('/');
  const names: string[] = [];
  const forms = segments.map((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === '*' && isLast) return '.*';
    const [, name, many] = /^:([A-Za-z_]\w*)(\*?)$/.exec(segment) ?? [];
    if (name === undefined) {
      if (segment.includes(':') || segment.includes('*'))
        throw new Error(`The path ${path} has the segment ${segment}: a name is a segment of its own.`);
      return segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    }
    if (names.includes(name)) throw new Error(`The path ${path} has the name ${name} twice.`);
    names.push(name);
    return many ? '([^/]+(?:/[^/]+)*)' : isLast ? '([^/]*)' : '([^/]+)';
  });
  const weight = forms.reduce((sum, form, at) => sum + weightOf(form) / 4 ** at, 0);
  return { key: `/${forms.join('/')}`, pattern: new RegExp(`^/${forms.join('/')}$`), names, weight };
}

/** A text says more than one segment, one more than many, and many more than whatever lies below. */
const weightOf = (form: string): number =>
  form === '.*' ? 0 : !form.startsWith('(') ? 3 : form.includes('*)') ? 1 : 2;

function decoded(names: readonly string[], found: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(
    names.map((name, at) => [name, (found[at + 1] ?? '').split('/').map(decodeSegment).join('/')]),
  );
}

/**
 * A segment of a path without its escapes.
 * @throws HttpRefusal 400 for one that holds a slash, or no text at all: whoever looked at the path saw another one.
 */
export function decodeSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw new HttpRefusal(400, 'The path holds escapes that are no UTF-8.');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for
  if (/[/\\\u0000]/.test(text)) throw new HttpRefusal(400, 'A segment of the path holds a slash or NUL in an escape.');
  return text;
}
