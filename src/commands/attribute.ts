import { type Command, Option } from 'commander';
import { keyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface AttributeRow extends Kept {
  readonly site: { readonly name: string } | null;
  readonly resource: string;
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly display: boolean;
  readonly multi: boolean;
  readonly constraints: {
    readonly allowEmpty: boolean;
    readonly pattern: string;
    readonly validValues: readonly string[];
  };
  readonly usageCount: number;
}

const resources = ['device', 'network', 'interface', 'circuit', 'protocol'];

/** `device/role`: the kind of things and the name. */
function keyFrom(text: string) {
  const slash = text.indexOf('/');
  const name = { resource: text.slice(0, slash).toUpperCase(), name: text.slice(slash + 1) };
  return slash < 0 ? keyOf('Attribute', 'id', text) : { name };
}

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');

const attribute: Thing<AttributeRow> = {
  noun: 'attribute',
  type: 'Attribute',
  key: 'name',
  word: 'key',
  site: 'said',
  carries: false,
  keyFrom,
  fields: `site { name } resource name description required display multi
    constraints { allowEmpty pattern validValues } usageCount`,
  columns: [
    { head: 'RESOURCE', cell: ({ resource }) => resource.toLowerCase() },
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'REQUIRED', cell: ({ required }) => yesOrNo(required) },
    { head: 'MULTI', cell: ({ multi }) => yesOrNo(multi) },
    { head: 'USED', cell: ({ usageCount }) => usageCount, right: true },
    { head: 'DESCRIPTION', cell: ({ description }) => description },
  ],
  parts: (row) => [
    ['resource', row.resource.toLowerCase()],
    ['name', row.name],
    ['site', row.site?.name],
    ['description', row.description],
    ['required', yesOrNo(row.required)],
    ['display', yesOrNo(row.display)],
    ['multi', yesOrNo(row.multi)],
    ['may be empty', yesOrNo(row.constraints.allowEmpty)],
    ['pattern', row.constraints.pattern],
    ['valid values', row.constraints.validValues.join(', ')],
    ['used by', row.usageCount],
  ],
  naturalKey: ({ resource, name }) => `${resource.toLowerCase()}/${name}`,
};

interface Said extends SiteOption {
  readonly resource?: string;
  readonly name?: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly display?: boolean;
  readonly multi?: boolean;
  readonly allowEmpty?: boolean;
  readonly pattern?: string;
  readonly validValues?: readonly string[];
}

const ruleOptions = (command: Command): Command =>
  command
    .option('-d, --description <text>', 'what it means')
    .option('--required', 'each write of attributes must give it')
    .option('--no-required', 'it may be left out')
    .option('--display', 'it is shown in overviews')
    .option('--no-display', 'it is not, unless it is required')
    .option('--multi', 'a thing may carry several values')
    .option('--no-multi', 'a thing carries one value')
    .option('--allow-empty', 'a value may be empty; the constraints are given together')
    .option('--pattern <expression>', 'an RE2 expression that must match a value from its start')
    .option('--valid-values <values...>', 'what a value may be');

function inputOf({ resource, name, description, required, display, multi, ...constraints }: Said) {
  const { allowEmpty, pattern, validValues } = constraints;
  const some = given({ allowEmpty, pattern, validValues });
  return given({
    resource: resource?.toUpperCase(),
    name,
    description,
    required,
    display,
    multi,
    constraints: Object.keys(some).length > 0 ? some : undefined,
  });
}

const resourceOption = () => new Option('--resource <kind>', 'the kind of things that carry it').choices(resources);

/** `gatehouse attribute …` */
export function attributeCommand(program: Command, shell: Shell): void {
  const attributes = noun(program, 'attribute', 'attributes: what the things of a site may carry, and by which rules');
  addVerbs<AttributeRow, Said>(attributes, shell, attribute, {
    options: ruleOptions,
    input: inputOf,
    create: {
      description: 'define an attribute',
      word: 'name',
      first: (name) => ({ name }),
      options: (command) => command.addOption(resourceOption().makeOptionMandatory()),
      examples: ['gatehouse attribute create role --site SJC --resource device --valid-values spine leaf'],
    },
    update: { examples: ['gatehouse attribute update device/role --site SJC --required'] },
    replace: { examples: ['gatehouse attribute replace device/role --site SJC'] },
    delete: {
      description: 'delete an attribute that nothing carries',
      blockers: true,
      examples: ['gatehouse attribute delete device/role --site SJC'],
    },
    list: {
      filter: ({ resource, name }) => given({ resource: resource?.toUpperCase(), name }),
      options: (command) => command.addOption(resourceOption()).option('--name <name>', 'only with this name'),
      examples: ['gatehouse attribute list --site SJC --resource device'],
    },
    show: { examples: ['gatehouse attribute show device/role --site SJC'] },
  });
}
