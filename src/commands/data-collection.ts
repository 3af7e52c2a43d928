import { type Command, Option } from 'commander';
import { oneMore } from '#commands/listing.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { type BindingRow, bindingTexts, dataCollectionKeyOf, serviceKeyOf } from '#commands/taxii-keys.ts';
import { examples, given, type Kept, type SiteOption, selected, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface DataCollectionRow extends Kept {
  readonly taxiiId: string;
  readonly name: string;
  readonly type: 'DATA_FEED' | 'DATA_SET';
  readonly description: string | null;
  readonly acceptAllContent: boolean;
  readonly supportedContent: readonly BindingRow[];
  readonly available: boolean;
  readonly volume: number;
  readonly services: readonly { readonly serviceId: string }[];
}

const servicesOf = ({ services }: DataCollectionRow): string => services.map(({ serviceId }) => serviceId).join(' ');

const dataCollection: Thing<DataCollectionRow> = {
  noun: 'dataCollection',
  type: 'DataCollection',
  key: 'name',
  word: 'name',
  site: 'none',
  carries: false,
  oneOrder: true,
  fields:
    'taxiiId name type description acceptAllContent supportedContent { binding subtypes } available volume services { serviceId }',
  columns: [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'TYPE', cell: ({ type }) => type },
    { head: 'BLOCKS', cell: ({ volume }) => volume, right: true },
    { head: 'AVAILABLE', cell: ({ available }) => available },
    { head: 'SERVICES', cell: servicesOf },
  ],
  parts: (row) => [
    ['name', row.name],
    ['taxiiId', row.taxiiId],
    ['type', row.type],
    ['description', row.description],
    ['accepts all content', row.acceptAllContent],
    ['supported content', bindingTexts(row.supportedContent)],
    ['available', row.available],
    ['blocks', row.volume],
    ['services', servicesOf(row)],
  ],
  naturalKey: ({ name }) => name,
  keyFrom: dataCollectionKeyOf,
};

interface Said extends SiteOption {
  readonly name?: string;
  readonly taxiiId?: string;
  readonly type?: 'feed' | 'set';
  readonly description?: string;
  readonly acceptAllContent?: boolean;
  readonly supportedContent?: readonly string[];
  readonly available?: boolean;
  readonly service?: string | readonly string[];
}

/** `gatehouse data-collection …` */
export function dataCollectionCommand(program: Command, shell: Shell): void {
  const collections = noun(program, 'data-collection', 'stores of content blocks, as TAXII 1 has them');
  addVerbs<DataCollectionRow, Said>(collections, shell, dataCollection, {
    options: (command) =>
      command
        .addOption(new Option('--type <type>', 'whether it is a feed or a set').choices(['feed', 'set']))
        .option('-d, --description <text>', 'free text')
        .option('--accept-all-content', 'it takes blocks of any binding')
        .option('--no-accept-all-content', 'it takes what it supports')
        .option('--supported-content <binding>', 'a binding it takes, as urn:x>a,b; may be repeated', oneMore)
        .option('--available', 'it is filled and polled')
        .option('--no-available', 'it is seen, and neither filled nor polled'),
    input: (said) =>
      given({
        name: said.name,
        taxiiId: said.taxiiId,
        type: said.type && `DATA_${said.type.toUpperCase()}`,
        description: said.description,
        acceptAllContent: said.acceptAllContent,
        supportedContent: said.supportedContent?.map((binding) => ({ binding })),
        available: said.available,
        services: said.service === undefined ? undefined : [said.service].flat().map(serviceKeyOf),
      }),
    create: {
      description: 'create a data collection',
      word: 'name',
      first: (name) => ({ name }),
      options: (command) =>
        command
          .option('--taxii-id <uuid>', 'its UUID, by which rights are granted; a new one unless said')
          .option('--service <service-id>', 'a service that serves it; may be repeated', oneMore),
      examples: ['gatehouse data-collection create indicators --accept-all-content --service inbox --service poll'],
    },
    update: {
      options: (command) => command.option('--name <new>', 'its new name'),
      examples: ['gatehouse data-collection update indicators --no-available'],
    },
    replace: {
      options: (command) => command.requiredOption('--name <new>', 'its name'),
      examples: ['gatehouse data-collection replace indicators --name indicators --type set'],
    },
    delete: {
      description: 'delete a data collection, with blocks that no other one holds',
      blockers: false,
      examples: ['gatehouse data-collection delete indicators'],
    },
    list: {
      types: { service: 'TaxiiServiceKey' },
      only: ({ service }) => given({ service: typeof service === 'string' ? serviceKeyOf(service) : undefined }),
      options: (command) => command.option('--service <service-id>', 'only those that this service serves'),
      examples: ['gatehouse data-collection list --service poll'],
    },
    show: { examples: ['gatehouse data-collection show indicators'] },
  });
  replaceServices(collections, shell);
}

function replaceServices(collections: Command, shell: Shell): void {
  collections
    .command('services <name> [service-id...]')
    .description('set the services that serve a data collection: all of them')
    .addHelpText('after', examples('gatehouse data-collection services indicators inbox poll'))
    .action(
      action<object, [name: string, serviceIds: string[]]>(shell, async ({ runner, print }, name, serviceIds) => {
        const success = await mutate<{ dataCollection: DataCollectionRow }>(
          runner,
          'dataCollectionServicesReplace',
          `dataCollection { ${selected(dataCollection)} }`,
          { by: dataCollectionKeyOf(name), services: serviceIds.map(serviceKeyOf) },
        );
        const row = success.dataCollection;
        print.done(row, `Data collection ${row.name} is served by ${servicesOf(row) || 'nothing'}.`);
      }),
    );
}
