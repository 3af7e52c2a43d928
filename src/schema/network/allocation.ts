import { AmbiguousError, NoSpaceError } from '#kernel/errors.ts';
import { interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import {
  type AddressAllocate,
  allocateAddresses,
  allocateNetworks,
  type NetworkAllocate,
} from '#resolvers/network/networks/allocate.ts';
import { networkCreated } from '#resolvers/network/networks/network.ts';
import { nextAddresses, nextNetworks } from '#resolvers/network/networks/space.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';
import { shownCidr } from '#schema/network/network-fields.ts';
import { manyThings } from '#schema/success.ts';

const strictly = 'Only where no child is at all. Else also inside networks that are shorter and not RESERVED.';
const howMany = 'How many: 1 unless said, 1,024 at most.';

/** Free space of networks: to be looked at, and to be taken. */
export function allocation(builder: Builder): void {
  const promise = 'In order of addresses; fewer than asked for where there are no more. They are kept for nobody.';
  builder.objectFields('Network', (t) => ({
    nextNetworks: t.field({
      type: ['Cidr'],
      description: `The first free networks of a length inside it. ${promise}`,
      args: {
        prefixLength: t.arg.int({ required: true, description: 'Of each.' }),
        num: t.arg.int({ defaultValue: 1, description: howMany }),
        strict: t.arg.boolean({ defaultValue: false, description: strictly }),
      },
      resolve: async (network, args, ctx) =>
        (await nextNetworks(ctx, network, args)).map((cidr) => shownCidr(ctx, cidr)),
    }),
    nextAddresses: t.field({
      type: ['Cidr'],
      description: `The first free addresses inside it, without the first and last of any network. ${promise}`,
      args: {
        num: t.arg.int({ defaultValue: 1, description: howMany }),
        strict: t.arg.boolean({ defaultValue: false, description: strictly }),
      },
      resolve: async (network, args, ctx) =>
        (await nextAddresses(ctx, network, args)).map((cidr) => shownCidr(ctx, cidr)),
    }),
  }));
  const facts = {
    needs: 'network:allocate on the network that is taken from',
    emits: [networkCreated],
    errors: [AmbiguousError, NoSpaceError],
  };
  mutation(builder, 'networkAllocate', {
    ...facts,
    description: 'Takes free networks of a length out of a network and creates them. No two callers get the same.',
    input: (t) => ({ ...inputFields(t), prefixLength: t.int({ required: true, description: 'Of each.' }) }),
    success: manyThings('networks', 'Network'),
    resolve: async (ctx, input) => ({ networks: await allocateNetworks(ctx, input as NetworkAllocate) }),
  });
  mutation(builder, 'addressAllocate', {
    ...facts,
    emits: [networkCreated, interfaceUpdated],
    description: 'Takes free addresses out of a network and creates them. No two callers get the same.',
    input: (t) => ({
      ...inputFields(t),
      assignTo: t.field({
        type: 'NetworkInterfaceKey',
        description:
          'An interface of the same Site that gets them: they are ASSIGNED then. Needs network:update on it.',
      }),
    }),
    success: manyThings('addresses', 'Network'),
    resolve: async (ctx, input) => ({ addresses: await allocateAddresses(ctx, input as AddressAllocate) }),
  });
}

const inputFields = (t: PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>) => ({
  site: t.field({ type: 'SiteKey', description: 'The Site to look in.' }),
  by: t.field({ type: 'NetworkKey', required: true, description: 'The network to take from.' }),
  num: t.int({ description: howMany }),
  strict: t.boolean({ description: strictly }),
  state: t.field({ type: 'NetworkState' as never, description: 'ALLOCATED unless said, or RESERVED.' }),
  attributes: t.field({ type: 'Attributes', description: 'All that each of them carries.' }),
  partial: t.boolean({ description: 'Take what is there when it is less, as long as it is something.' }),
});
