import type { Command } from 'commander';
import { carriedOptions, carriedText } from '#commands/carried.ts';
import { failure } from '#commands/failure.ts';
import { inSite } from '#commands/keys.ts';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import { blockersFields, mutate } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import {
  examples,
  given,
  type Input,
  type Kept,
  named,
  one,
  type SiteOption,
  selected,
  spoken,
  type Thing,
} from '#commands/things.ts';

/** Types of the graph by the name of a variable. */
type Types = Readonly<Record<string, string>>;

type AddOptions = (command: Command) => Command;

/** What one verb has of its own. */
interface Verb {
  /** Lines of commands that show it. */
  readonly examples: readonly string[];
  readonly options?: AddOptions;
}

/** What the six verbs of a noun have of their own. Everything else follows from the thing. */
export interface Verbs<Said> {
  /** Options of create, update and replace alike. Attributes are added where it carries them. */
  readonly options?: AddOptions;
  /** What mutations are given for what was said; the key and the site are added. */
  input(said: Said, terminal: Terminal): Input | Promise<Input>;
  /** `word` is what a creation begins with, and `first` what that word says. */
  readonly create: Verb & { readonly description: string; readonly word: string; first(word: string): Partial<Said> };
  readonly update: Verb;
  readonly replace: Verb;
  /** `force` is said to delete what it otherwise would not. */
  readonly delete: Verb & { readonly description: string; readonly blockers: boolean; readonly force?: string };
  /** `types` are those of the arguments that `only` gives. */
  readonly list: Verb & { filter?(said: Said): Input; readonly types?: Types; only?(said: Said): Input };
  readonly show: Verb;
}

/** Adds create, update, replace, delete, list and show of a thing to its noun. */
export function addVerbs<Row extends Kept, Said extends SiteOption>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  verbs: Verbs<Said>,
): void {
  addChanges(parent, shell, thing, verbs);
  addDelete(parent, shell, thing, verbs.delete);
  addList(parent, shell, thing, verbs.list);
  addShow(parent, shell, thing, verbs.show);
}

const same: AddOptions = (command) => command;

/** A command of a verb with its options, its site and its examples. */
function begin(parent: Command, usage: string, description: string, verb: Verb, more: AddOptions = same): Command {
  const command = parent.command(usage).description(description);
  more(command);
  verb.options?.(command);
  return command.addHelpText('after', examples(...verb.examples));
}

const lookIn =
  ({ site }: Pick<Thing<never>, 'site'>): AddOptions =>
  (command) =>
    site === 'none' ? command : command.option('-s, --site <site>', 'the site to look in');

function addChanges<Row extends Kept, Said extends SiteOption>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  { options = same, input, create, update, replace }: Verbs<Said>,
): void {
  const said: AddOptions = (command) => (thing.carries ? carriedOptions(options(command)) : options(command));
  const kept: AddOptions = (command) => said(lookIn(thing)(command));
  const belongs: AddOptions = (command) =>
    said(command.requiredOption('-s, --site <site>', 'the site it belongs to, for good'));
  begin(parent, `create <${create.word}>`, create.description, create, thing.site === 'said' ? belongs : kept).action(
    changing<Row, Said>(shell, thing, 'create', async (word, options, terminal) => ({
      ...inSite(options.site),
      ...(await input({ ...options, ...create.first(word) }, terminal)),
    })),
  );
  const changed = async (key: string, options: Said, terminal: Terminal) => ({
    ...named(thing, key, options),
    ...(await input(options, terminal)),
  });
  begin(
    parent,
    `update <${thing.word}>`,
    `change what is given of ${one(thing.noun)} and leave the rest`,
    update,
    kept,
  ).action(changing<Row, Said>(shell, thing, 'update', changed));
  const all = `set everything of ${one(thing.noun)} that can change; what is not given gets its default`;
  begin(parent, `replace <${thing.word}>`, all, replace, kept).action(
    changing<Row, Said>(shell, thing, 'replace', changed),
  );
}

/** The action of a verb that makes or changes one thing. */
function changing<Row extends Kept, Said>(
  shell: Shell,
  thing: Thing<Row>,
  verb: 'create' | 'update' | 'replace',
  toInput: (word: string, options: Said, terminal: Terminal) => Promise<Input>,
) {
  const great = `${verb[0]?.toUpperCase()}${verb.slice(1)}`;
  return action<Said>(shell, async ({ runner, print, options, terminal }, word) => {
    const input = await toInput(word, options, terminal);
    const fields = `${thing.noun} { ${selected(thing)} }`;
    const success = await mutate<Record<string, Row>>(runner, `${thing.noun}${great}`, fields, input);
    const row = success[thing.noun] as Row;
    print.done(row, `${great}d ${spoken(thing.noun)} ${thing.naturalKey(row)}.`);
  });
}

function addDelete<Row extends Kept>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  verb: Verbs<SiteOption>['delete'],
): void {
  const more: AddOptions = (command) => {
    lookIn(thing)(command);
    return verb.force === undefined ? command : command.option('--force', verb.force);
  };
  begin(parent, `delete <${thing.word}>`, verb.description, verb, more).action(
    action<SiteOption & { readonly force?: boolean }>(shell, async ({ runner, print, options }, key) => {
      const input = given({ ...named(thing, key, options), force: options.force });
      const more = verb.blockers ? blockersFields : '';
      const success = await mutate<{ deletedId: string }>(runner, `${thing.noun}Delete`, 'deletedId', input, more);
      print.done({ deletedId: success.deletedId }, `Deleted ${spoken(thing.noun)} ${key}.`);
    }),
  );
}

interface Listing extends ListOptions, SiteOption {
  readonly natural?: boolean;
  readonly query?: string;
}

/** `list`, in the order of natural keys. */
function addList<Row extends Kept, Said>(
  parent: Command,
  shell: Shell,
  thing: Thing<Row>,
  verb: Verbs<Said>['list'],
): void {
  const more: AddOptions = (command) => {
    listOptions(command).option('--natural', 'natural keys alone, separated by commas');
    if (thing.site !== 'none') command.option('-s, --site <site>', 'only of this site');
    return thing.carries ? command.option('--query <query>', 'only those in the set of this query') : command;
  };
  begin(parent, 'list', `list ${spoken(thing.noun)}s by ${thing.word}`, verb, more).action(
    action<Said & Listing>(shell, async ({ runner, print, options }) => {
      const asked = given({
        ...inSite(options.site),
        ...verb.only?.(options),
        filter: verb.filter?.(options),
        query: options.query,
      });
      const found = await readAll<Row>(runner, options, listDocument(thing, asked, verb.types), asked);
      const keys = found.rows.map((row) => thing.naturalKey(row));
      if (options.natural) print.lines(keys, [keys.join(',')]);
      else print.list(found.rows, thing.columns);
      const more = moreRemark(found);
      if (more) print.remark(more);
    }),
  );
}

/** A document that declares what is passed, and nothing else. */
function listDocument(thing: Thing<never>, asked: Input, more: Types = {}): string {
  const { noun, type, oneOrder } = thing;
  const types: Types = { site: 'SiteKey', filter: `${type}Filter`, query: 'String', ...more };
  const names = Object.keys(types).filter((name) => name in asked);
  const declared = ['$first: Int', '$after: String', ...names.map((name) => `$${name}: ${types[name]}`)];
  const order = oneOrder ? [] : ['orderBy: { by: NATURAL }'];
  const passed = [...order, 'first: $first', 'after: $after', ...names.map((n) => `${n}: $${n}`)];
  return `query (${declared.join(', ')}) { list: ${noun}s(${passed.join(', ')}) { ${pageFields(selected(thing))} } }`;
}

function addShow<Row extends Kept>(parent: Command, shell: Shell, thing: Thing<Row>, verb: Verb): void {
  const { noun, type, word } = thing;
  const fields = selected(thing);
  const document =
    thing.site === 'none'
      ? `query ($by: ${type}Key!) { found: ${noun}(by: $by) { ${fields} } }`
      : `query ($site: SiteKey, $by: ${type}Key!) { found: ${noun}(site: $site, by: $by) { ${fields} } }`;
  begin(parent, `show <${word}>`, `show one ${spoken(noun)}`, verb, lookIn(thing)).action(
    action<SiteOption>(shell, async ({ runner, print, options }, key) => {
      const { found } = await runner.run<{ found: Row | null }>(document, named(thing, key, options));
      if (!found) throw failure('NOT_FOUND', `${type} not found: ${key}.`);
      print.thing(found, [...thing.parts(found), ...keptParts(found)]);
    }),
  );
}

/** The last lines of `show`. */
const keptParts = ({ attributes, createdAt, updatedAt, id }: Kept) =>
  [
    ...(attributes ? [['attributes', carriedText(attributes)] as const] : []),
    ['created', createdAt],
    ['updated', updatedAt],
    ['id', id],
  ] as const;
