import type { Command } from 'commander';
import { inSite, keyOf } from '#commands/keys.ts';
import { mutate } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import { examples, given, type SiteOption } from '#commands/things.ts';

interface Bound {
  readonly id: string;
  readonly interface: { readonly nameSlug: string } | null;
  readonly address: { readonly cidr: string; readonly state: string } | null;
}

interface Freed {
  readonly networkInterface: { readonly nameSlug: string };
  readonly address: { readonly cidr: string; readonly state: string } | null;
}

type Words = [address: string, slug: string];

/** `gatehouse address assign` and `unassign` */
export function addAssign(addresses: Command, shell: Shell): void {
  const target = (address: string, slug: string, site: string | undefined) => ({
    interface: keyOf('NetworkInterface', 'nameSlug', slug),
    address,
    ...inSite(site),
  });
  addresses
    .command('assign <address> <interface>')
    .description('bind an address to an interface; a missing one is created')
    .option('-s, --site <site>', 'the site to look in')
    .option('--force', 'also when it is reserved')
    .addHelpText('after', examples('gatehouse address assign 10.1.2.3 sjc-r1:eth0 --site SJC'))
    .action(
      action<SiteOption & { readonly force?: boolean }, Words>(
        shell,
        async ({ runner, print, options }, address, slug) => {
          const { assignment } = await mutate<{ assignment: Bound }>(
            runner,
            'addressAssign',
            'assignment { id interface { nameSlug } address { cidr state } }',
            given({ ...target(address, slug, options.site), force: options.force }),
          );
          print.done(assignment, `Assigned ${assignment.address?.cidr ?? address} to ${slug}.`);
        },
      ),
    );
  addresses
    .command('unassign <address> <interface>')
    .description('take an address from an interface; after its last one it is released')
    .option('-s, --site <site>', 'the site to look in')
    .option('--delete', 'delete it when that was its last interface')
    .addHelpText('after', examples('gatehouse address unassign 10.1.2.3 sjc-r1:eth0 --site SJC'))
    .action(
      action<SiteOption & { readonly delete?: boolean }, Words>(
        shell,
        async ({ runner, print, options }, address, slug) => {
          const freed = await mutate<Freed>(
            runner,
            'addressUnassign',
            'networkInterface { nameSlug } address { cidr state }',
            given({ ...target(address, slug, options.site), deleteAddress: options.delete }),
          );
          const state = freed.address ? `is ${freed.address.state.toLowerCase()} now` : 'is deleted';
          print.done(freed, `Took ${address} from ${freed.networkInterface.nameSlug}; it ${state}.`);
        },
      ),
    );
}
