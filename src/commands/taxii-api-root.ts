import type { Command } from 'commander';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, orNone, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface RootRow extends Kept {
  readonly taxiiId: string;
  readonly slug: string | null;
  readonly title: string;
  readonly description: string | null;
  readonly isDefault: boolean;
  readonly isPublic: boolean;
  readonly path: string;
}

const apiRoot: Thing<RootRow> = {
  noun: 'taxiiApiRoot',
  type: 'TaxiiApiRoot',
  key: 'slug',
  word: 'slug',
  site: 'none',
  carries: false,
  oneOrder: true,
  fields: 'taxiiId slug title description isDefault isPublic path',
  columns: [
    { head: 'SLUG', cell: ({ slug }) => slug },
    { head: 'TAXII ID', cell: ({ taxiiId }) => taxiiId },
    { head: 'DEFAULT', cell: ({ isDefault }) => isDefault },
    { head: 'PUBLIC', cell: ({ isPublic }) => isPublic },
    { head: 'TITLE', cell: ({ title }) => title },
  ],
  parts: (row) => [
    ['title', row.title],
    ['slug', row.slug],
    ['taxiiId', row.taxiiId],
    ['path', row.path],
    ['description', row.description],
    ['default', row.isDefault],
    ['public', row.isPublic],
  ],
  naturalKey: ({ slug, taxiiId }) => slug ?? taxiiId,
};

interface Said extends SiteOption {
  readonly title?: string;
  readonly slug?: string;
  readonly description?: string;
  readonly default?: boolean;
  readonly public?: boolean;
  readonly taxiiId?: string;
}

/** `gatehouse taxii-api-root …` */
export function taxiiApiRootCommand(program: Command, shell: Shell): void {
  const roots = noun(program, 'taxii-api-root', 'API roots of TAXII 2.1: groups of collections with their own URL');
  addVerbs<RootRow, Said>(roots, shell, apiRoot, {
    options: (command) =>
      command
        .option('--slug <slug>', 'a name for its URL; none takes it away')
        .option('-d, --description <text>', 'free text')
        .option('--default', 'clients begin with it, instead of the one that is the default')
        .option('--no-default', 'clients do not begin with it')
        .option('--public', 'it and the list of its collections are seen without a credential')
        .option('--no-public', 'it is seen by accounts only'),
    input: ({ title, slug, description, taxiiId, default: isDefault, public: isPublic }) =>
      given({ title, slug: orNone(slug, (text) => text), description, taxiiId, isDefault, isPublic }),
    create: {
      description: 'create an API root',
      word: 'title',
      first: (title) => ({ title }),
      options: (command) => command.option('--taxii-id <uuid>', 'its UUID on the wire; a new one unless said'),
      examples: ['gatehouse taxii-api-root create "Trust group" --slug trust --default'],
    },
    update: {
      options: (command) => command.option('--title <new>', 'its new title'),
      examples: ['gatehouse taxii-api-root update trust --public'],
    },
    replace: {
      options: (command) => command.requiredOption('--title <new>', 'its title'),
      examples: ['gatehouse taxii-api-root replace trust --title "Trust group" --slug trust'],
    },
    delete: {
      description: 'delete an API root',
      blockers: false,
      force: 'also one that has collections, and these with what they hold',
      examples: ['gatehouse taxii-api-root delete trust --force'],
    },
    list: { examples: ['gatehouse taxii-api-root list --json'] },
    show: { examples: ['gatehouse taxii-api-root show trust'] },
  });
}
