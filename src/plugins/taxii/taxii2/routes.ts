import type { Handler, Named } from '#plugins/taxii/taxii2/exchange.ts';
import {
  addObjects,
  deleteObject,
  showManifest,
  showObject,
  showObjects,
  showVersions,
} from '#plugins/taxii/taxii2/objects.ts';
import { showCollection, showCollections, showDiscovery, showRoot } from '#plugins/taxii/taxii2/rooms.ts';
import { showStatus } from '#plugins/taxii/taxii2/statuses.ts';

/** Where all of it lies. */
export const basePath = '/taxii2/';

export interface Route {
  /** Segments; those with a colon stand for a name. */
  readonly form: readonly string[];
  readonly methods: Readonly<Record<string, Handler>>;
}

const route = (path: string, methods: Route['methods']): Route => ({ form: path.split('/'), methods });

const routes: readonly Route[] = [
  route('', { GET: showDiscovery }),
  route(':root/', { GET: showRoot }),
  route(':root/status/:status/', { GET: showStatus }),
  route(':root/collections/', { GET: showCollections }),
  route(':root/collections/:collection/', { GET: showCollection }),
  route(':root/collections/:collection/manifest/', { GET: showManifest }),
  route(':root/collections/:collection/objects/', { GET: showObjects, POST: addObjects }),
  route(':root/collections/:collection/objects/:object/', { GET: showObject, DELETE: deleteObject }),
  route(':root/collections/:collection/objects/:object/versions/', { GET: showVersions }),
];

/** What answers at a path, and the names in it. A path without the slash at its end is another one. */
export function findRoute(path: string): { readonly route: Route; readonly named: Named } | null {
  if (!path.startsWith(basePath)) return null;
  const segments = path.slice(basePath.length).split('/').map(decodeSegment);
  const found = routes.find(
    ({ form }) =>
      form.length === segments.length &&
      form.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : segments[at] === part)),
  );
  return found ? { route: found, named: namedIn(found, segments) } : null;
}

function namedIn({ form }: Route, segments: readonly string[]): Named {
  const at = (name: keyof Named) => segments[form.indexOf(`:${name}`)] ?? '';
  return { root: at('root'), collection: at('collection'), object: at('object'), status: at('status') };
}

/** A segment without its escapes; where these make no text that anything could be called, as it is. */
function decodeSegment(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    return text.includes('\u0000') ? segment : text;
  } catch {
    return segment;
  }
}
