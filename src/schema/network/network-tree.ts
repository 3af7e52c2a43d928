import {
  faultCodes,
  type TreeFault,
  type TreeReport,
  type TreeVerify,
  treeRepaired,
  verifyTree,
} from '#resolvers/network/networks/verify.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    NetworkTreeFault: TreeFault;
  }
}

const meanings: Readonly<Record<(typeof faultCodes)[number], string>> = {
  WRONG_PARENT: 'The stored parent is not the one that follows from the addresses.',
  ORPHAN_ADDRESS: 'A host address without any base network. It is left as it is: create a network that holds it.',
};

export function networkTree(builder: Builder): void {
  const code = builder.enumType('NetworkTreeFaultCode', {
    description: 'What is wrong with the place of a network.',
    values: Object.fromEntries(faultCodes.map((code) => [code, { description: meanings[code] }])) as never,
  });
  builder.objectType('NetworkTreeFault', {
    description: 'A network at a wrong place of its tree.',
    fields: (t) => ({
      code: t.field({ type: code, description: 'What is wrong.', resolve: (fault) => fault.code as never }),
      network: t.field({ type: 'Network', description: 'The network.', resolve: (fault) => fault.network }),
      expectedParent: t.field({
        type: 'Network',
        nullable: true,
        description: 'The parent that it should have; null for a root.',
        resolve: (fault) => fault.parent,
      }),
      repaired: t.exposeBoolean('repaired', { description: 'Whether it was set right.' }),
    }),
  });
  mutation(builder, 'networkTreeVerify', {
    description: 'Compares the stored tree with the one that follows from the addresses, and sets it right when asked.',
    needs: 'network:admin on the Site, or on all',
    emits: [treeRepaired],
    input: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'Only of this Site.' }),
      ipVersion: t.int({ description: 'Only 4, or only 6.' }),
      repair: t.boolean({ description: 'Set right what can be set right.' }),
    }),
    success: report,
    resolve: (ctx, input): Promise<TreeReport> => verifyTree(ctx, input as TreeVerify),
  });
}

const report = (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, TreeReport>) => ({
  faults: t.field({
    type: ['NetworkTreeFault'],
    description: 'The first 1,000, by Site, version and address.',
    resolve: ({ faults }) => faults,
  }),
  faultCount: t.exposeInt('faultCount', { description: 'How many there are.' }),
  repairedCount: t.exposeInt('repairedCount', { description: 'How many were set right.' }),
  checkedCount: t.exposeInt('checked', { description: 'How many networks were looked at.' }),
});
