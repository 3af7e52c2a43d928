import { type Command, Option } from 'commander';
import { keyOf, siteKeyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import {
  addDelete,
  addList,
  addShow,
  changing,
  examples,
  given,
  named,
  type SiteOption,
  type Thing,
} from '#commands/things.ts';

interface AttributeRow {
  readonly id: string;
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
  readonly createdAt: string;
  readonly updatedAt: string;
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
  keyFrom,
  fields: `id site { name } resource name description required display multi
    constraints { allowEmpty pattern validValues } usageCount createdAt updatedAt`,
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
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ resource, name }) => `${resource.toLowerCase()}/${name}`,
};

interface Rules {
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

function rulesOf({ description, required, display, multi, allowEmpty, pattern, validValues }: Rules) {
  const constraints = given({ allowEmpty, pattern, validValues });
  const some = Object.keys(constraints).length > 0;
  return given({ description, required, display, multi, constraints: some ? constraints : undefined });
}

const resourceOption = () => new Option('--resource <kind>', 'the kind of things that carry it').choices(resources);

/** `gatehouse attribute …` */
export function attributeCommand(program: Command, shell: Shell): void {
  const attributes = noun(program, 'attribute', 'attributes: what the things of a site may carry, and by which rules');
  const changed = (key: string, options: Rules & SiteOption) =>
    given({ ...named(attribute as Thing<never>, key, options), ...rulesOf(options) });
  ruleOptions(attributes.command('create <name>'))
    .description('define an attribute')
    .requiredOption('-s, --site <site>', 'the site it belongs to, for good')
    .addOption(resourceOption().makeOptionMandatory())
    .addHelpText(
      'after',
      examples('gatehouse attribute create role --site SJC --resource device --valid-values spine leaf'),
    )
    .action(
      changing<AttributeRow, Rules & { readonly site: string; readonly resource: string }>(
        shell,
        attribute,
        'create',
        (name, options) => ({
          site: siteKeyOf(options.site),
          resource: options.resource.toUpperCase(),
          name,
          ...rulesOf(options),
        }),
      ),
    );
  ruleOptions(attributes.command('update <key>'))
    .description('change what is given of an attribute and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse attribute update device/role --site SJC --required'))
    .action(changing<AttributeRow, Rules & SiteOption>(shell, attribute, 'update', changed));
  ruleOptions(attributes.command('replace <key>'))
    .description('set everything of an attribute that can change; what is not given gets its default')
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse attribute replace device/role --site SJC'))
    .action(changing<AttributeRow, Rules & SiteOption>(shell, attribute, 'replace', changed));
  addDelete(attributes, shell, attribute, {
    description: 'delete an attribute that nothing carries',
    blockers: true,
    toInput: (key, options: SiteOption) => named(attribute as Thing<never>, key, options),
  })
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse attribute delete device/role --site SJC'));
  addList<AttributeRow, SiteOption & { readonly resource?: string }>(attributes, shell, attribute, (options) => ({
    ...(options.site !== undefined && { site: siteKeyOf(options.site) }),
    ...(options.resource !== undefined && { filter: { resource: options.resource.toUpperCase() } }),
  }))
    .option('-s, --site <site>', 'only of this site')
    .addOption(resourceOption())
    .addHelpText('after', examples('gatehouse attribute list --site SJC --resource device'));
  addShow(attributes, shell, attribute, true).addHelpText(
    'after',
    examples('gatehouse attribute show device/role --site SJC'),
  );
}
