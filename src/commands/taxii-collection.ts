import type { Command } from 'commander';
import { keyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Input, type Kept, orNone, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface CollectionRow extends Kept {
  readonly taxiiId: string;
  readonly alias: string | null;
  readonly title: string;
  readonly description: string | null;
  readonly isPublic: boolean;
  readonly isPublicWrite: boolean;
  readonly objectCount: number | null;
  readonly apiRoot: { readonly slug: string | null; readonly taxiiId: string } | null;
}

const rootKeyOf = (text: string): Input => keyOf('TaxiiApiRoot', 'slug', text);

/** How a collection is given: its id, or its alias after its root and a slash. */
function collectionKeyOf(text: string): Input {
  const slash = text.indexOf('/');
  return slash > 0
    ? { alias: { apiRoot: rootKeyOf(text.slice(0, slash)), alias: text.slice(slash + 1) } }
    : { id: text };
}

const rootOf = ({ apiRoot }: CollectionRow) => apiRoot?.slug ?? apiRoot?.taxiiId;

const collection: Thing<CollectionRow> = {
  noun: 'taxiiCollection',
  type: 'TaxiiCollection',
  key: 'id',
  word: 'root/alias',
  site: 'none',
  carries: false,
  oneOrder: true,
  fields: 'taxiiId alias title description isPublic isPublicWrite objectCount apiRoot { slug taxiiId }',
  columns: [
    { head: 'ROOT', cell: rootOf },
    { head: 'ALIAS', cell: ({ alias }) => alias },
    { head: 'TAXII ID', cell: ({ taxiiId }) => taxiiId },
    { head: 'OBJECTS', cell: ({ objectCount }) => objectCount, right: true },
    { head: 'PUBLIC', cell: ({ isPublic }) => isPublic },
    { head: 'PUBLIC WRITE', cell: ({ isPublicWrite }) => isPublicWrite },
    { head: 'TITLE', cell: ({ title }) => title },
  ],
  parts: (row) => [
    ['title', row.title],
    ['root', rootOf(row)],
    ['alias', row.alias],
    ['taxiiId', row.taxiiId],
    ['description', row.description],
    ['objects', row.objectCount],
    ['public', row.isPublic],
    ['public write', row.isPublicWrite],
  ],
  naturalKey: ({ alias, taxiiId, ...row }) =>
    alias === null ? taxiiId : `${rootOf({ alias, taxiiId, ...row })}/${alias}`,
  keyFrom: collectionKeyOf,
};

interface Said extends SiteOption {
  readonly root?: string;
  readonly title?: string;
  readonly alias?: string;
  readonly description?: string;
  readonly public?: boolean;
  readonly publicWrite?: boolean;
  readonly taxiiId?: string;
}

/** `gatehouse taxii-collection …` */
export function taxiiCollectionCommand(program: Command, shell: Shell): void {
  const collections = noun(program, 'taxii-collection', 'collections of STIX objects, as TAXII 2.1 has them');
  addVerbs<CollectionRow, Said>(collections, shell, collection, {
    options: (command) =>
      command
        .option('--alias <alias>', 'another name for its URL; none takes it away')
        .option('-d, --description <text>', 'free text, which every account sees')
        .option('--public', 'everybody reads it, without a credential too')
        .option('--no-public', 'it is read by who may')
        .option('--public-write', 'everybody adds to it, without a credential too')
        .option('--no-public-write', 'it is filled by who may'),
    input: ({ root, title, alias, description, taxiiId, public: isPublic, publicWrite: isPublicWrite }) =>
      given({
        ...(root !== undefined && { apiRoot: rootKeyOf(root) }),
        ...{ title, alias: orNone(alias, (text) => text), description, taxiiId, isPublic, isPublicWrite },
      }),
    create: {
      description: 'create a collection',
      word: 'title',
      first: (title) => ({ title }),
      options: (command) =>
        command
          .requiredOption('-r, --root <slug|id>', 'the API root it belongs to, for good')
          .option('--taxii-id <uuid>', 'its UUID on the wire; a new one unless said'),
      examples: ['gatehouse taxii-collection create "Indicators" --root trust --alias indicators --public'],
    },
    update: {
      options: (command) => command.option('--title <new>', 'its new title'),
      examples: ['gatehouse taxii-collection update trust/indicators --no-public-write'],
    },
    replace: {
      options: (command) => command.requiredOption('--title <new>', 'its title'),
      examples: ['gatehouse taxii-collection replace trust/indicators --title "Indicators" --alias indicators'],
    },
    delete: {
      description: 'delete a collection',
      blockers: false,
      force: 'also one that holds objects, and these with it',
      examples: ['gatehouse taxii-collection delete trust/indicators --force'],
    },
    list: {
      types: { apiRoot: 'TaxiiApiRootKey' },
      only: ({ root }) => given({ apiRoot: root === undefined ? undefined : rootKeyOf(root) }),
      options: (command) => command.option('-r, --root <slug|id>', 'only those of this API root'),
      examples: ['gatehouse taxii-collection list --root trust'],
    },
    show: { examples: ['gatehouse taxii-collection show trust/indicators'] },
  });
}
