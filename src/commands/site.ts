import type { Command } from 'commander';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface SiteRow extends Kept {
  readonly name: string;
  readonly description: string;
  readonly counts: { readonly devices: number; readonly networks: number };
}

const site: Thing<SiteRow> = {
  noun: 'site',
  type: 'Site',
  key: 'name',
  word: 'name',
  site: 'none',
  carries: false,
  fields: 'name description counts { devices networks }',
  columns: [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'DEVICES', cell: ({ counts }) => counts.devices, right: true },
    { head: 'NETWORKS', cell: ({ counts }) => counts.networks, right: true },
    { head: 'DESCRIPTION', cell: ({ description }) => description },
  ],
  parts: (row) => [
    ['name', row.name],
    ['description', row.description],
    ['devices', row.counts.devices],
    ['networks', row.counts.networks],
  ],
  naturalKey: ({ name }) => name,
};

interface Said extends SiteOption {
  readonly name?: string;
  readonly description?: string;
}

/** `gatehouse site …` */
export function siteCommand(program: Command, shell: Shell): void {
  const sites = noun(program, 'site', 'sites: the namespaces that hold devices and networks');
  addVerbs<SiteRow, Said>(sites, shell, site, {
    options: (command) => command.option('-d, --description <text>', 'free text'),
    input: ({ name, description }) => given({ name, description }),
    create: {
      description: 'create a site',
      word: 'name',
      first: (name) => ({ name }),
      examples: ['gatehouse site create SJC --description "San Jose"'],
    },
    update: {
      options: (command) => command.option('--name <new>', 'its new name'),
      examples: ['gatehouse site update SJC --name SJC1'],
    },
    replace: {
      options: (command) => command.requiredOption('--name <new>', 'its name'),
      examples: ['gatehouse site replace SJC --name SJC'],
    },
    delete: {
      description: 'delete a site that holds nothing',
      blockers: true,
      examples: ['gatehouse site delete SJC'],
    },
    list: {
      filter: ({ name }) => given({ name }),
      options: (command) => command.option('--name <name>', 'only with this name'),
      examples: ['gatehouse site list --json'],
    },
    show: { examples: ['gatehouse site show SJC'] },
  });
}
