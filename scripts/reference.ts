/** The reference pages of docs/, made from what the code declares. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { roomSections } from '#gateway';
import { aliases, type ConfigKey, configKeys } from '#kernel/config-keys.ts';
import { errorCatalogue } from '#kernel/errors.ts';
import type { EventDefinition } from '#kernel/event.ts';
import { impliedVerbs } from '#kernel/permission.ts';
import { makePlan, type Plan } from '#plugins/configure.ts';
import type { GatehousePlugin } from '#plugins/define.ts';

/** The text of each page by its path. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const plan = await makePlan({ folder: process.cwd(), environment: {}, sections: roomSections });
  return new Map([
    ['docs/errors.md', errors()],
    ['docs/events.md', `${await guideOf('docs/events.md')}${events(plan.plugins)}`],
    ['docs/permissions.md', permissions(plan.plugins)],
    ['docs/config.md', config(plan)],
  ]);
}

const made = '<!-- Made by `npm run docs` from what the code declares. -->';

/** What people wrote on a page before the part that is made. */
async function guideOf(path: string): Promise<string> {
  const [guide = ''] = (await readFile(path, 'utf8')).split(made, 1);
  return guide;
}

const page = (title: string, ...parts: readonly string[]) => `${[`# ${title}`, made, ...parts].join('\n\n')}\n`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string) => `\`${text}\``;
const listed = (texts: readonly string[]) => texts.map(code).join(', ');
const byName = <T extends { readonly name: string }>(one: T, other: T) => (one.name < other.name ? -1 : 1);

function errors(): string {
  return page(
    'Errors',
    'An expected failure has a code, one sentence for people, and the path of the input at fault. A mutation answers with ' +
      'it as a member of its result union; queries, subscriptions and every other door answer with the same code in ' +
      '`extensions.code`. Whatever nobody expected is `INTERNAL`: masked outside, complete in the log.',
    table(
      ['Code', 'Type', 'HTTP status', 'Meaning', 'What to do'],
      errorCatalogue.map(({ code: name, type, status, meaning, remedy }) => [
        code(name),
        type === undefined ? 'streams only' : code(type),
        String(status),
        meaning,
        remedy,
      ]),
    ),
  );
}

function events(plugins: readonly GatehousePlugin[]): string {
  const sections = plugins
    .filter((plugin) => plugin.events.length > 0)
    .flatMap((plugin) => [
      `### ${plugin.name}`,
      plugin.description,
      table(
        ['Event', 'Type', 'When', 'Data', 'Seen with', 'Kept'],
        [...plugin.events]
          .sort(byName)
          .map((event) => [
            code(event.name),
            code(event.type),
            event.description,
            listed(keysOf(event)),
            code(event.seenWith) +
              (event.seenByOwner ? ', or as the account it is about' : '') +
              (event.seenByAudience ? ', or as one of the audience it names' : ''),
            event.retain,
          ]),
      ),
    ]);
  const introduction =
    'The keys of `data` are fields of the type too. LIVE events are kept as long as `events.retention.live` says, AUDIT ' +
    'ones as long as `events.retention.audit`.';
  return `${[made, '## Every event', introduction, ...sections].join('\n\n')}\n`;
}

const keysOf = ({ data }: EventDefinition): string[] => (data instanceof z.ZodObject ? Object.keys(data.shape) : []);

function permissions(plugins: readonly GatehousePlugin[]): string {
  const areas = plugins.flatMap((plugin) => plugin.permissions).sort(byName);
  const roles = plugins
    .flatMap((plugin) => plugin.roles.map((role) => ({ ...role, plugin: plugin.name })))
    .sort(byName);
  const scopes = {
    kinds: (kinds: readonly string[]) =>
      `A scope names a kind and a thing: ${listed(kinds.map((kind) => `@${kind}/…`))}.`,
    pattern: () => 'A scope is an RE2 expression, held against the beginning.',
    path: () => 'A scope is a path, and means everything below it.',
    key: () => 'A scope is any text, and means that alone.',
    none: () => 'There are no scopes.',
  };
  return page(
    'Permissions',
    'A permission is `area:verb`, with an optional scope `@…`; without one it covers everything of its area. `*` is the ' +
      'administrator. Grants are a union, and nothing takes away. Every area has the verb `admin`, which includes all ' +
      'others. Verbs marked *standard* are given to the role `standard` at the first start.',
    ...areas.flatMap((area) => [
      `## ${area.name}`,
      `${area.description} ${scopes[area.scope](Object.keys(area.kinds ?? {}))}`,
      table(
        ['Permission', 'Allows', 'Includes'],
        [...Object.entries(area.verbs), ['admin', { description: 'Everything in this area.' }] as const].map(
          ([verb, { description, ...rest }]) => [
            code(`${area.name}:${verb}`),
            'standard' in rest && rest.standard ? `${description} *standard*` : description,
            listed([...impliedVerbs(area, verb)].filter((other) => other !== verb).sort()),
          ],
        ),
      ),
    ]),
    '## Roles',
    'Made at a start when they are missing, and never reset after somebody changed them. Beside them the role `standard` ' +
      'holds what is marked above, and `anonymous` what may be done without signing in: nothing, until somebody grants it.',
    table(
      ['Role', 'Called', 'Holds', 'Plugin'],
      roles.map((role) => [code(role.name), role.realName, listed(role.permissions), role.plugin]),
    ),
  );
}

function config({ sections }: Plan): string {
  const keys = configKeys(sections);
  const heads = [...new Set(keys.map((key) => headOf(key)))].sort((one, other) => (one < other ? -1 : 1));
  return page(
    'Config',
    'Everything has a default. The config file is `gatehouse.config.ts` (or `.js`, `.json`) in the working directory, or ' +
      'what `--config` or `GATEHOUSE_CONFIG` names. Environment variables override single keys. Unknown keys are refused, ' +
      'and every fault is told at once. Durations are seconds or a text (`250ms 30s 15m 8h 30d`), sizes bytes or a text ' +
      '(`64KiB 32MiB`); lists in the environment are JSON or separated by commas. `gatehouse config print` shows the ' +
      'effective values without secrets, `gatehouse config check` every fault.',
    ...heads.flatMap((head) => [
      `## ${head === '' ? 'The top' : head}`,
      table(
        ['Key', 'Environment', 'Default', 'Meaning', 'Plugin'],
        keys
          .filter((key) => headOf(key) === head)
          .map((key) => [
            code(key.path),
            listed(environmentOf(key)),
            key.default === undefined ? 'none' : code(JSON.stringify(key.default)),
            [key.description, ...choicesOf(key), ...(key.secret ? ['Secret.'] : [])].join(' '),
            key.owner,
          ]),
      ),
    ]),
  );
}

const headOf = ({ path }: ConfigKey): string => (path.includes('.') ? (path.split('.')[0] ?? '') : '');

const environmentOf = ({ path, environment }: ConfigKey): string[] => [
  ...Object.entries(aliases).flatMap(([name, aliased]) => (aliased === path ? [name] : [])),
  environment,
];

const choicesOf = ({ schema }: ConfigKey): string[] =>
  schema instanceof z.ZodEnum ? [`One of ${listed(schema.options.map(String))}.`] : [];
