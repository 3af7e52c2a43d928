import type { Command } from 'commander';
import { isId } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface TypeRow extends Kept {
  readonly name: string;
  readonly description: string;
  readonly site: { readonly name: string } | null;
  readonly requiredAttributes: readonly { readonly name: string }[];
}

const required = ({ requiredAttributes }: TypeRow) => requiredAttributes.map(({ name }) => name).join(', ');

const protocolType: Thing<TypeRow> = {
  noun: 'protocolType',
  type: 'ProtocolType',
  key: 'name',
  word: 'name',
  site: 'said',
  carries: false,
  fields: 'name description site { name } requiredAttributes { name }',
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

/** `gatehouse protocol-type …` */
export function protocolTypeCommand(program: Command, shell: Shell): void {
  const types = noun(program, 'protocol-type', 'protocol types, and what protocols of them must carry');
  addVerbs<TypeRow, Said>(types, shell, protocolType, {
    options: (command) =>
      command
        .option('-d, --description <text>', 'free text')
        .option('-r, --require <attribute...>', 'attributes that its protocols must carry: all of them'),
    input: ({ name, description, require }) =>
      given({ name, description, requiredAttributes: require?.map(attributeKeyOf) }),
    create: {
      description: 'create a protocol type',
      word: 'name',
      first: (name) => ({ name }),
      examples: ['gatehouse protocol-type create bgp --site SJC --require peer_as admin_status'],
    },
    update: {
      options: (command) => command.option('--name <new>', 'its new name'),
      examples: ['gatehouse protocol-type update bgp --require peer_as'],
    },
    replace: {
      options: (command) => command.requiredOption('--name <new>', 'its name'),
      examples: ['gatehouse protocol-type replace bgp --name bgp'],
    },
    delete: {
      description: 'delete a protocol type that no protocol uses',
      blockers: true,
      examples: ['gatehouse protocol-type delete bgp --site SJC'],
    },
    list: {
      filter: ({ name, description }) => given({ name, description }),
      options: (command) =>
        command
          .option('--name <name>', 'only with this name')
          .option('-d, --description <text>', 'only with this description'),
      examples: ['gatehouse protocol-type list --site SJC'],
    },
    show: { examples: ['gatehouse protocol-type show bgp'] },
  });
}
