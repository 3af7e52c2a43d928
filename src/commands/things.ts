import type { Command } from 'commander';
import { failure } from '#commands/failure.ts';
import { inSite, keyOf } from '#commands/keys.ts';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import type { Cell, Column } from '#commands/output.ts';
import { blockersFields, mutate } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';

type Input = Readonly<Record<string, unknown>>;

/** What the commands of a noun of the inventory need to know of it. */
export interface Thing<Row> {
  /** As the graph has it: `device`. */
  readonly noun:
    | 'site'
    | 'attribute'
    | 'device'
    | 'network'
    | 'networkInterface'
    | 'circuit'
    | 'protocolType'
    | 'protocol';
  /** `Device` */
  readonly type: string;
  /** The name of its natural key: `hostname`. */
  readonly key: string;
  /** What is selected of it. */
  readonly fields: string;
  readonly columns: readonly Column<Row>[];
  /** The lines of `show`. */
  parts(row: Row): readonly (readonly [name: string, value: Cell])[];
  naturalKey(row: Row): string;
  /** How a key is given, where it is not one text. */
  keyFrom?(key: string): Input;
}

/** A noun as people say it: `interface`, `protocol type`. */
const spoken = (noun: string): string =>
  noun
    .replace(/^network(?=[A-Z])/, '')
    .replace(/[A-Z]/g, (letter, at) => `${at > 0 ? ' ' : ''}${letter.toLowerCase()}`);

/** Where a thing is looked for. */
export interface SiteOption {
  readonly site?: string;
}

/** Only what was given: what is absent means something else than null. */
export const given = (values: Input): Input =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** How an update, a replacement or a deletion names its thing. */
export const named = (thing: Thing<never>, key: string, { site }: SiteOption): Input => ({
  by: thing.keyFrom?.(key) ?? keyOf(thing.type, thing.key, key),
  ...inSite(site),
});

/**
 * The action of a verb that makes or changes one thing.
 * @param toInput what the mutation is given.
 */
export function changing<Row, Options>(
  shell: Shell,
  thing: Thing<Row>,
  verb: 'create' | 'update' | 'replace',
  toInput: (key: string, options: Options, terminal: Terminal) => Input | Promise<Input>,
) {
  const name = `${thing.noun}${verb[0]?.toUpperCase()}${verb.slice(1)}`;
  return action<Options>(shell, async ({ runner, print, options, terminal }, key) => {
    const input = await toInput(key, options, terminal);
    const selected = `${thing.noun} { ${thing.fields} }`;
    const success = await mutate<Record<string, Row>>(runner, name, selected, input);
    const row = success[thing.noun] as Row;
    print.done(row, `${verb[0]?.toUpperCase()}${verb.slice(1)}d ${spoken(thing.noun)} ${thing.naturalKey(row)}.`);
  });
}

/** `delete <key>` */
export function addDelete<Row>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  parts: { readonly description: string; readonly blockers: boolean; toInput(key: string, options: never): Input },
): Command {
  return parent
    .command(`delete <${thing.key}>`)
    .description(parts.description)
    .action(
      action(shell, async ({ runner, print, options }, key) => {
        const more = parts.blockers ? blockersFields : '';
        const input = parts.toInput(key, options as never);
        const { deletedId } = await mutate<{ deletedId: string }>(
          runner,
          `${thing.noun}Delete`,
          'deletedId',
          input,
          more,
        );
        print.done({ deletedId }, `Deleted ${spoken(thing.noun)} ${key}.`);
      }),
    );
}

/** The set query of a list of things that carry attributes. */
export interface QueryOption {
  readonly query?: string;
}

/** `list`, in the order of natural keys. */
export function addList<Row, Options>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  toArguments: (options: Options) => { readonly site?: object; readonly filter?: object; readonly query?: string },
): Command {
  const plural = `${thing.noun}s`;
  const command = listOptions(parent.command('list')).option('--natural', 'natural keys alone, separated by commas');
  return command.description(`list ${spoken(thing.noun)}s by ${thing.key}`).action(
    action<Options & ListOptions & { readonly natural?: boolean }>(shell, async ({ runner, print, options }) => {
      const { site, filter, query } = toArguments(options);
      const declared = [
        site && '$site: SiteKey',
        filter && `$filter: ${thing.type}Filter`,
        query !== undefined && '$query: String',
      ].filter(Boolean);
      const passed = [
        site && 'site: $site',
        filter && 'filter: $filter',
        query !== undefined && 'query: $query',
      ].filter(Boolean);
      const document = `query (${['$first: Int', '$after: String', ...declared].join(', ')}) {
          list: ${plural}(${['orderBy: { by: NATURAL }, first: $first, after: $after', ...passed].join(', ')}) {
            ${pageFields(thing.fields)}
          }
        }`;
      const found = await readAll<Row>(runner, options, document, given({ site, filter, query }));
      const keys = found.rows.map((row) => thing.naturalKey(row));
      if (options.natural) print.lines(keys, [keys.join(',')]);
      else print.list(found.rows, thing.columns);
      const more = moreRemark(found);
      if (more) print.remark(more);
    }),
  );
}

/** `show <key>` */
export function addShow<Row>(parent: Command, shell: Shell, thing: Thing<Row>, withSite: boolean): Command {
  const command = parent.command(`show <${thing.key}>`).description(`show one ${spoken(thing.noun)}`);
  if (withSite) command.option('-s, --site <site>', 'the site to look in');
  return command.action(
    action<SiteOption>(shell, async ({ runner, print, options }, key) => {
      const document = withSite
        ? `query ($site: SiteKey, $by: ${thing.type}Key!) { found: ${thing.noun}(site: $site, by: $by) { ${thing.fields} } }`
        : `query ($by: ${thing.type}Key!) { found: ${thing.noun}(by: $by) { ${thing.fields} } }`;
      const { found } = await runner.run<{ found: Row | null }>(document, named(thing as Thing<never>, key, options));
      if (!found) throw failure('NOT_FOUND', `${thing.type} not found: ${key}.`);
      print.thing(found, thing.parts(found));
    }),
  );
}

export const examples = (...lines: readonly string[]): string =>
  `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
