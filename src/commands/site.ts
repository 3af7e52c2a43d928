import type { Command } from 'commander';
import { keyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { addDelete, addList, addShow, changing, examples, given, type Thing } from '#commands/things.ts';

interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly counts: { readonly devices: number; readonly networks: number };
  readonly createdAt: string;
  readonly updatedAt: string;
}

const site: Thing<SiteRow> = {
  noun: 'site',
  type: 'Site',
  key: 'name',
  fields: 'id name description counts { devices networks } createdAt updatedAt',
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
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ name }) => name,
};

interface Changes {
  readonly name?: string;
  readonly description?: string;
}

const byKey = (key: string) => ({ by: keyOf(site.type, site.key, key) });

/** `gatehouse site …` */
export function siteCommand(program: Command, shell: Shell): void {
  const sites = noun(program, 'site', 'sites: the namespaces that hold devices and networks');
  sites
    .command('create <name>')
    .description('create a site')
    .option('-d, --description <text>', 'free text')
    .addHelpText('after', examples('gatehouse site create SJC --description "San Jose"'))
    .action(changing<SiteRow, Changes>(shell, site, 'create', (name, { description }) => given({ name, description })));
  sites
    .command('update <name>')
    .description('change what is given of a site and leave the rest')
    .option('--name <new>', 'its new name')
    .option('-d, --description <text>', 'its new description')
    .addHelpText('after', examples('gatehouse site update SJC --name SJC1'))
    .action(
      changing<SiteRow, Changes>(shell, site, 'update', (key, { name, description }) =>
        given({ ...byKey(key), name, description }),
      ),
    );
  sites
    .command('replace <name>')
    .description('set everything of a site that can change; what is not given gets its default')
    .requiredOption('--name <new>', 'its name')
    .option('-d, --description <text>', 'its description; empty unless given')
    .addHelpText('after', examples('gatehouse site replace SJC --name SJC'))
    .action(
      changing<SiteRow, Changes>(shell, site, 'replace', (key, { name, description }) =>
        given({ ...byKey(key), name, description }),
      ),
    );
  addDelete(sites, shell, site, {
    description: 'delete a site that holds nothing',
    blockers: true,
    toInput: byKey,
  }).addHelpText('after', examples('gatehouse site delete SJC'));
  addList<SiteRow, object>(sites, shell, site, () => ({})).addHelpText('after', examples('gatehouse site list --json'));
  addShow(sites, shell, site, false).addHelpText('after', examples('gatehouse site show SJC'));
}
