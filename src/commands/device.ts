import type { Command } from 'commander';
import { type CarriedOptions, carriedOf, carriedOptions, carriedText } from '#commands/carried.ts';
import { siteKeyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import {
  addDelete,
  addList,
  addShow,
  changing,
  examples,
  given,
  named,
  type QueryOption,
  type SiteOption,
  type Thing,
} from '#commands/things.ts';

interface DeviceRow {
  readonly id: string;
  readonly hostname: string;
  readonly site: { readonly name: string } | null;
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const device: Thing<DeviceRow> = {
  noun: 'device',
  type: 'Device',
  key: 'hostname',
  fields: 'id hostname site { name } attributes createdAt updatedAt',
  columns: [
    { head: 'HOSTNAME', cell: ({ hostname }) => hostname },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'UPDATED', cell: ({ updatedAt }) => updatedAt },
  ],
  parts: (row) => [
    ['hostname', row.hostname],
    ['site', row.site?.name],
    ['attributes', carriedText(row.attributes)],
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ hostname }) => hostname,
};

interface Renaming extends SiteOption, CarriedOptions {
  readonly hostname?: string;
}

/** `gatehouse device …` */
export function deviceCommand(program: Command, shell: Shell): void {
  const devices = noun(program, 'device', 'devices: what has a hostname');
  carriedOptions(devices.command('create <hostname>'))
    .description('create a device')
    .requiredOption('-s, --site <site>', 'the site it belongs to, for good')
    .addHelpText('after', examples('gatehouse device create sjc-r1 --site SJC'))
    .action(
      changing<DeviceRow, CarriedOptions & { readonly site: string }>(
        shell,
        device,
        'create',
        (hostname, { site, ...carried }) => given({ site: siteKeyOf(site), hostname, attributes: carriedOf(carried) }),
      ),
    );
  const renaming = (key: string, { hostname, ...options }: Renaming) =>
    given({ ...named(device as Thing<never>, key, options), hostname, attributes: carriedOf(options) });
  carriedOptions(devices.command('update <hostname>'))
    .description('change what is given of a device and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .option('--hostname <new>', 'its new hostname')
    .addHelpText('after', examples('gatehouse device update sjc-r1 --hostname sjc-r2'))
    .action(changing<DeviceRow, Renaming>(shell, device, 'update', renaming));
  carriedOptions(devices.command('replace <hostname>'))
    .description('set everything of a device that can change')
    .option('-s, --site <site>', 'the site to look in')
    .requiredOption('--hostname <new>', 'its hostname')
    .addHelpText('after', examples('gatehouse device replace sjc-r1 --hostname sjc-r1'))
    .action(changing<DeviceRow, Renaming>(shell, device, 'replace', renaming));
  addDelete(devices, shell, device, {
    description: 'delete a device with its interfaces',
    blockers: true,
    toInput: (key, { force, ...options }: SiteOption & { readonly force?: boolean }) =>
      given({ ...named(device as Thing<never>, key, options), force }),
  })
    .option('-s, --site <site>', 'the site to look in')
    .option('--force', 'also when interfaces of it hang below others')
    .addHelpText('after', examples('gatehouse device delete sjc-r1 --site SJC'));
  addList<DeviceRow, Renaming & QueryOption>(devices, shell, device, ({ site, hostname, query }) => ({
    ...(query !== undefined && { query }),
    ...(site !== undefined && { site: siteKeyOf(site) }),
    ...(hostname !== undefined && { filter: { hostname } }),
  }))
    .option('-s, --site <site>', 'only of this site')
    .option('--hostname <hostname>', 'only with this hostname, in any case')
    .option('--query <query>', 'only those in the set of this query')
    .addHelpText('after', examples("gatehouse device list --site SJC --query 'role=spine -owner=lab' --natural"));
  addShow(devices, shell, device, true).addHelpText('after', examples('gatehouse device show sjc-r1'));
}
