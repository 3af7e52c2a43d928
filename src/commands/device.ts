import type { Command } from 'commander';
import { type CarriedOptions, carriedOf } from '#commands/carried.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface DeviceRow extends Kept {
  readonly hostname: string;
  readonly site: { readonly name: string } | null;
}

const device: Thing<DeviceRow> = {
  noun: 'device',
  type: 'Device',
  key: 'hostname',
  word: 'hostname',
  site: 'said',
  carries: true,
  fields: 'hostname site { name }',
  columns: [
    { head: 'HOSTNAME', cell: ({ hostname }) => hostname },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'UPDATED', cell: ({ updatedAt }) => updatedAt },
  ],
  parts: (row) => [
    ['hostname', row.hostname],
    ['site', row.site?.name],
  ],
  naturalKey: ({ hostname }) => hostname,
};

interface Said extends SiteOption, CarriedOptions {
  readonly hostname?: string;
}

/** `gatehouse device …` */
export function deviceCommand(program: Command, shell: Shell): void {
  addVerbs<DeviceRow, Said>(noun(program, 'device', 'devices: what has a hostname'), shell, device, {
    input: ({ hostname, ...carried }) => given({ hostname, attributes: carriedOf(carried) }),
    create: {
      description: 'create a device',
      word: 'hostname',
      first: (hostname) => ({ hostname }),
      examples: ['gatehouse device create sjc-r1 --site SJC --attribute role=spine'],
    },
    update: {
      options: (command) => command.option('--hostname <new>', 'its new hostname'),
      examples: ['gatehouse device update sjc-r1 --hostname sjc-r2'],
    },
    replace: {
      options: (command) => command.requiredOption('--hostname <new>', 'its hostname'),
      examples: ['gatehouse device replace sjc-r1 --hostname sjc-r1'],
    },
    delete: {
      description: 'delete a device with its interfaces',
      blockers: true,
      force: 'also when interfaces of it hang below others',
      examples: ['gatehouse device delete sjc-r1 --site SJC'],
    },
    list: {
      filter: ({ hostname }) => given({ hostname }),
      options: (command) => command.option('--hostname <hostname>', 'only with this hostname, in any case'),
      examples: ["gatehouse device list --site SJC --query 'role=spine -owner=lab' --natural"],
    },
    show: { examples: ['gatehouse device show sjc-r1'] },
  });
}
