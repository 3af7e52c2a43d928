import { type Command, Option } from 'commander';
import { oneMore, wholeNumber } from '#commands/listing.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { type BindingRow, bindingTexts, dataCollectionKeyOf, serviceKeyOf } from '#commands/taxii-keys.ts';
import { given, type Input, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface ServiceRow extends Kept {
  readonly __typename: string;
  readonly serviceId: string;
  readonly address: string;
  readonly description: string | null;
  readonly protocolBindings: readonly string[];
  readonly available: boolean;
  readonly authenticationRequired: boolean;
  readonly baseUrl: string | null;
  readonly advertisedServices?: readonly string[];
  readonly acceptAllContent?: boolean;
  readonly destinationCollectionRequired?: boolean;
  readonly supportedContent?: readonly BindingRow[];
  readonly subscriptionRequired?: boolean;
  readonly maxResultSize?: number;
  readonly maxResultCount?: number;
  readonly subscriptionSupported?: boolean;
  readonly subscriptionMessage?: string | null;
}

/** The word of commands for each kind, as inputs have it. */
const kinds = {
  discovery: 'discovery',
  inbox: 'inbox',
  poll: 'poll',
  'collection-management': 'collectionManagement',
} as const;
type Kind = keyof typeof kinds;
const words = Object.keys(kinds) as Kind[];

const kindOf = ({ __typename: type }: ServiceRow): string =>
  type
    .replace(/Service$/, '')
    .replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`)
    .toLowerCase();

const own = `
  ... on DiscoveryService { advertisedServices }
  ... on InboxService { acceptAllContent destinationCollectionRequired supportedContent { binding subtypes } }
  ... on PollService { subscriptionRequired maxResultSize maxResultCount }
  ... on CollectionManagementService { subscriptionSupported subscriptionMessage }`;

const service: Thing<ServiceRow> = {
  noun: 'taxiiService',
  type: 'TaxiiService',
  key: 'serviceId',
  word: 'service-id',
  site: 'none',
  carries: false,
  oneOrder: true,
  fields: `__typename serviceId address description protocolBindings available authenticationRequired baseUrl ${own}`,
  columns: [
    { head: 'SERVICE ID', cell: ({ serviceId }) => serviceId },
    { head: 'KIND', cell: kindOf },
    { head: 'ADDRESS', cell: ({ address }) => address },
    { head: 'AVAILABLE', cell: ({ available }) => available },
    { head: 'ACCOUNTS ONLY', cell: ({ authenticationRequired }) => authenticationRequired },
  ],
  parts: (row) => [
    ['service id', row.serviceId],
    ['kind', kindOf(row)],
    ['address', row.address],
    ['base URL', row.baseUrl],
    ['protocol bindings', row.protocolBindings.join(' ')],
    ['description', row.description],
    ['available', row.available],
    ['accounts only', row.authenticationRequired],
    ...ownParts(row),
  ],
  naturalKey: ({ serviceId }) => serviceId,
  keyFrom: serviceKeyOf,
};

function ownParts(row: ServiceRow): (readonly [name: string, value: string | number | boolean | null | undefined])[] {
  const parts = [
    ['advertises', row.advertisedServices?.join(' ')],
    ['accepts all content', row.acceptAllContent],
    ['destination required', row.destinationCollectionRequired],
    ['supported content', bindingTexts(row.supportedContent)],
    ['subscription required', row.subscriptionRequired],
    ['blocks of a part', row.maxResultSize],
    ['most announced', row.maxResultCount],
    ['subscriptions', row.subscriptionSupported],
    ['subscription message', row.subscriptionMessage],
  ] as const;
  return parts.filter(([, value]) => value !== undefined).map(([name, value]) => [name, value]);
}

interface Said extends SiteOption {
  readonly serviceId?: string;
  readonly kind?: Kind;
  readonly dataCollection?: string;
  readonly address?: string;
  readonly description?: string;
  readonly protocolBinding?: readonly string[];
  readonly available?: boolean;
  readonly authenticationRequired?: boolean;
  readonly baseUrl?: string;
  readonly advertise?: readonly string[];
  readonly acceptAllContent?: boolean;
  readonly destinationRequired?: boolean;
  readonly supportedContent?: readonly string[];
  readonly subscriptionRequired?: boolean;
  readonly maxResultSize?: number;
  readonly maxResultCount?: number;
  readonly subscriptions?: boolean;
  readonly subscriptionMessage?: string;
}

/** What is said of a kind of its own. Said of two, both are passed on: the graph refuses that. */
function kindFrom(said: Said): Input | undefined {
  const ownOf: Readonly<Record<Kind, Input>> = {
    discovery: given({ advertisedServices: said.advertise }),
    inbox: given({
      acceptAllContent: said.acceptAllContent,
      destinationCollectionRequired: said.destinationRequired,
      supportedContent: said.supportedContent?.map((binding) => ({ binding })),
    }),
    poll: given({
      subscriptionRequired: said.subscriptionRequired,
      maxResultSize: said.maxResultSize,
      maxResultCount: said.maxResultCount,
    }),
    'collection-management': given({
      subscriptionSupported: said.subscriptions,
      subscriptionMessage: said.subscriptionMessage,
    }),
  };
  const meant = words.filter((word) => word === said.kind || Object.keys(ownOf[word]).length > 0);
  return meant.length === 0 ? undefined : Object.fromEntries(meant.map((word) => [kinds[word], ownOf[word]]));
}

const kindOption = (description: string): Option => new Option('-k, --kind <kind>', description).choices(words);

/** How people name the ways in which services are spoken to. */
const bindingOf = (text: string): string => (/^https?$/.test(text) ? `urn:taxii.mitre.org:protocol:${text}:1.0` : text);

/** `gatehouse taxii-service …` */
export function taxiiServiceCommand(program: Command, shell: Shell): void {
  const services = noun(
    program,
    'taxii-service',
    'end points of TAXII 1: discovery, inbox, poll, collection management',
  );
  addVerbs<ServiceRow, Said>(services, shell, service, {
    options: (command) =>
      command
        .option('-d, --description <text>', 'what discovery tells of it')
        .option(
          '--protocol-binding <binding>',
          'http or https; may be repeated. With none nobody is told of it',
          oneMore,
        )
        .option('--available', 'it answers requests')
        .option('--no-available', 'it answers that it is not available')
        .option('--authentication-required', 'it answers to accounts only')
        .option('--no-authentication-required', 'it answers to everybody, as far as anonymous may')
        .option('--base-url <host>', 'host, port and path under which clients reach it')
        .option('--advertise <service-id>', 'discovery: what it tells of; may be repeated', oneMore)
        .option('--accept-all-content', 'inbox: it takes blocks of any binding')
        .option('--no-accept-all-content', 'inbox: it takes what it supports')
        .option('--destination-required', 'inbox: messages name their data collections')
        .option('--no-destination-required', 'inbox: messages name none')
        .option('--supported-content <binding>', 'inbox: a binding it takes, as urn:x>a,b; may be repeated', oneMore)
        .option('--subscription-required', 'poll: polls need a subscription')
        .option('--no-subscription-required', 'poll: polls need none')
        .option('--max-result-size <count>', 'poll: how many blocks one part holds', wholeNumber)
        .option('--max-result-count <count>', 'poll: the most that is announced', wholeNumber)
        .option('--subscriptions', 'collection management: it takes messages about subscriptions')
        .option('--no-subscriptions', 'collection management: it takes none')
        .option('--subscription-message <text>', 'collection management: what it tells those who subscribe'),
    input: (said) =>
      given({
        serviceId: said.serviceId,
        address: said.address,
        description: said.description,
        protocolBindings: said.protocolBinding?.map(bindingOf),
        available: said.available,
        authenticationRequired: said.authenticationRequired,
        baseUrl: said.baseUrl,
        kind: kindFrom(said),
      }),
    create: {
      description: 'create a service',
      word: 'service-id',
      first: (serviceId) => ({ serviceId }),
      options: (command) =>
        command
          .addOption(kindOption('what it does, for good').makeOptionMandatory())
          .requiredOption('--address <address>', 'a path below /services/, or the absolute URL of a service elsewhere'),
      examples: [
        'gatehouse taxii-service create inbox --kind inbox --address /services/inbox --accept-all-content --protocol-binding https',
        'gatehouse taxii-service create discovery --kind discovery --address /services/discovery --advertise inbox',
      ],
    },
    update: {
      options: (command) =>
        command.option('--service-id <new>', 'its new service id').option('--address <address>', 'its new address'),
      examples: ['gatehouse taxii-service update inbox --no-available'],
    },
    replace: {
      options: (command) =>
        command
          .requiredOption('--service-id <new>', 'its service id')
          .requiredOption('--address <address>', 'its address'),
      examples: ['gatehouse taxii-service replace inbox --service-id inbox --address /services/inbox'],
    },
    delete: {
      description: 'delete a service, with the subscriptions that were made at it',
      blockers: false,
      examples: ['gatehouse taxii-service delete inbox'],
    },
    list: {
      types: { kind: 'TaxiiServiceKind', dataCollection: 'DataCollectionKey' },
      only: ({ kind, dataCollection }) =>
        given({
          kind: kind?.toUpperCase().replace('-', '_'),
          dataCollection: dataCollection === undefined ? undefined : dataCollectionKeyOf(dataCollection),
        }),
      options: (command) =>
        command
          .addOption(kindOption('only of this kind'))
          .option('--data-collection <name>', 'only those that serve this data collection'),
      examples: ['gatehouse taxii-service list --kind poll'],
    },
    show: { examples: ['gatehouse taxii-service show inbox'] },
  });
}
