import type { Command } from 'commander';
import { isId, siteKeyOf } from '#commands/keys.ts';
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

interface TypeRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly site: { readonly name: string } | null;
  readonly requiredAttributes: readonly { readonly name: string }[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

const required = ({ requiredAttributes }: TypeRow) => requiredAttributes.map(({ name }) => name).join(', ');

const protocolType: Thing<TypeRow> = {
  noun: 'protocolType',
  type: 'ProtocolType',
  key: 'name',
  fields: 'id name description site { name } requiredAttributes { name } createdAt updatedAt',
  columns: [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'REQUIRES', cell: required },
    { head: 'DESCRIPTION', cell: ({ description }) => description },
  ],
  parts: (row) => [
    ['name', row.name],
    ['description', row.description],
    ['site', row.site?.name],
    ['requires', required(row)],
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ name }) => name,
};

interface Said extends SiteOption {
  readonly name?: string;
  readonly description?: string;
  /** Names or ids, all of them. */
  readonly require?: readonly string[];
}

const attributeKeyOf = (text: string) =>
  isId('Attribute', text) ? { id: text } : { name: { resource: 'PROTOCOL', name: text } };

const saying = ({ name, description, require }: Said) =>
  given({ name, description, requiredAttributes: require?.map(attributeKeyOf) });

const changeOf = (key: string, options: Said) => ({
  ...named(protocolType as Thing<never>, key, options),
  ...saying(options),
});

const requireOption = (command: Command): Command =>
  command.option('-r, --require <attribute...>', 'attributes that its protocols must carry: all of them');

/** `gatehouse protocol-type …` */
export function protocolTypeCommand(program: Command, shell: Shell): void {
  const types = noun(program, 'protocol-type', 'protocol types, and what protocols of them must carry');
  requireOption(types.command('create <name>'))
    .description('create a protocol type')
    .requiredOption('-s, --site <site>', 'the site it belongs to, for good')
    .option('-d, --description <text>', 'free text')
    .addHelpText('after', examples('gatehouse protocol-type create bgp --site SJC --require peer_as admin_status'))
    .action(
      changing<TypeRow, Said & { readonly site: string }>(shell, protocolType, 'create', (name, options) => ({
        site: siteKeyOf(options.site),
        ...saying({ ...options, name }),
      })),
    );
  requireOption(types.command('update <name>'))
    .description('change what is given of a protocol type and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .option('--name <new>', 'its new name')
    .option('-d, --description <text>', 'its new description')
    .addHelpText('after', examples('gatehouse protocol-type update bgp --require peer_as'))
    .action(changing<TypeRow, Said>(shell, protocolType, 'update', changeOf));
  requireOption(types.command('replace <name>'))
    .description('set everything of a protocol type that can change; what is not given gets its default')
    .option('-s, --site <site>', 'the site to look in')
    .requiredOption('--name <new>', 'its name')
    .option('-d, --description <text>', 'its description; empty unless given')
    .addHelpText('after', examples('gatehouse protocol-type replace bgp --name bgp'))
    .action(changing<TypeRow, Said>(shell, protocolType, 'replace', changeOf));
  addDelete(types, shell, protocolType, {
    description: 'delete a protocol type that no protocol uses',
    blockers: true,
    toInput: (key, options: SiteOption) => named(protocolType as Thing<never>, key, options),
  })
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse protocol-type delete bgp --site SJC'));
  addList<TypeRow, Said>(types, shell, protocolType, ({ site, name }) => ({
    ...(site !== undefined && { site: siteKeyOf(site) }),
    ...(name !== undefined && { filter: { name } }),
  }))
    .option('-s, --site <site>', 'only of this site')
    .option('--name <name>', 'only with this name')
    .addHelpText('after', examples('gatehouse protocol-type list --site SJC'));
  addShow(types, shell, protocolType, true).addHelpText('after', examples('gatehouse protocol-type show bgp'));
}
