import { v5 as uuidv5 } from 'uuid';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Endpoint, EndpointRight, Mount } from '#kernel/endpoint.ts';
import type { DeclaredJob } from '#kernel/job.ts';
import type { RootField } from '#schema/root-fields.ts';

/** Everything that can be called: the root fields of the graph, what plugins mount, and the kinds of jobs. */
export function collectEndpoints(
  fields: readonly RootField[],
  mounts: readonly Mount[],
  { areas, jobs }: Pick<Catalogue, 'areas' | 'jobs'>,
): Endpoint[] {
  const isRight = (need: string) => areas.has(need.slice(0, need.indexOf(':')));
  return [
    ...fields.map((field) => ofField(field, isRight)),
    ...oneForEachPlace(mounts).map(ofMount),
    ...[...jobs.values()].map(ofJob),
  ];
}

const namespace = '0195c2f4-6a4e-5c11-8f27-3d1f0a9b7c64';

/** The same wherever the same plugin mounts the same thing at the same place. */
const idOf = (plugin: string, kind: string, name: string, mount: string): string =>
  uuidv5(JSON.stringify([plugin, kind, name, mount]), namespace);

const none = {
  since: null,
  methods: [] as string[],
  path: null,
  enterUrl: null,
  emits: [] as string[],
  deprecated: null,
  tenant: false,
} as const;

function ofField(field: RootField, isRight: (need: string) => boolean): Endpoint {
  const { kind, name, plugin, description, needs, emits, deprecated } = field;
  // A sentence may name several: holding one of them is reason enough to look.
  const named = (needs ?? '').match(/\b[a-z][A-Za-z0-9]*:[a-z][A-Za-z0-9]*/g) ?? [];
  return {
    ...none,
    id: idOf(plugin, kind, name, '/graphql'),
    kind,
    name,
    plugin,
    title: spoken(name),
    description,
    author: plugin,
    tags: ['api', 'graphql'],
    methods: kind === 'MUTATION' ? ['POST'] : ['GET', 'POST'],
    path: '/graphql',
    arguments: field.arguments,
    permission: needs,
    emits,
    deprecated,
    rights: named.filter(isRight).map((need) => ({ need: need as EndpointRight['need'] })),
  };
}

/** `deviceCreateMany` as people say it. */
const spoken = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());

type Place = Mount & { readonly methods: readonly string[] };

/** Routes of one name at one path are one endpoint with several methods. */
function oneForEachPlace(mounts: readonly Mount[]): Place[] {
  const groups = Map.groupBy(mounts, ({ kind, plugin, name, part }) => JSON.stringify([kind, plugin, name, part.path]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const methods = group.flatMap(methodsOf);
    return [{ ...first, methods: [...new Set(methods)] }];
  });
}

function methodsOf({ kind, part }: Mount): readonly string[] {
  if (kind === 'ROUTE') return [part.method];
  return kind === 'DOOR' ? part.methods : ['GET', 'HEAD'];
}

const verbs = ['read', 'create', 'update', 'delete'] as const;

function ofMount({ plugin, name, methods, ...mount }: Place): Endpoint {
  const { part } = mount;
  // The door of a protocol is one more way in, whose rights its own behaviour asks for.
  const kind = mount.kind === 'DOOR' ? 'ROUTE' : mount.kind;
  const names = part.path.split('/').filter((segment) => segment.startsWith(':'));
  const own = mount.kind === 'DOOR' ? null : (mount.part.permission ?? null);
  const isOpen =
    mount.kind === 'DOOR' ||
    mount.part.permission === null ||
    (mount.kind === 'ROUTE' && mount.part.anonymous === true);
  const rights: EndpointRight[] =
    own === null ? verbs.map((verb) => ({ need: `api:${verb}`, on: name })) : [{ need: own }];
  return {
    ...none,
    id: idOf(plugin, kind, name, part.path),
    kind,
    name,
    plugin,
    title: part.title ?? part.path,
    description: part.description,
    author: part.author ?? plugin,
    tags: [...new Set([...(kind === 'ROUTE' ? ['api'] : []), ...(part.tags ?? [])])],
    since: part.since ?? null,
    methods: [...methods],
    path: part.path,
    enterUrl: mount.kind === 'LINK' ? mount.part.enterUrl : kind === 'ASSET' ? part.path : null,
    arguments: names.map((segment) => ({
      name: segment.replace(/[:*]/g, ''),
      type: 'String!',
      required: true,
      description: segment.endsWith('*') ? 'One or more segments of the path.' : 'A segment of the path.',
    })),
    permission: isOpen ? null : (own ?? `api:<verb>@${name}`),
    rights: isOpen ? [] : rights,
    tenant: kind === 'ROUTE' && part.path.split('/').includes(':tenant*'),
  };
}

function ofJob({ plugin, class: job, argsSchema }: DeclaredJob): Endpoint {
  return {
    ...none,
    id: idOf(plugin, 'JOB', job.name, ''),
    kind: 'JOB',
    name: job.name,
    plugin,
    title: job.title,
    description: job.doc,
    author: job.author,
    tags: [...new Set(['api', ...job.tags])],
    arguments: argsSchema,
    permission: `job:execute@${job.name}`,
    rights: [{ need: 'job:execute', on: job.name }],
  };
}
