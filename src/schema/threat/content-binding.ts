import type { ContentBinding } from '#resolvers/threat/content-blocks/binding.ts';
import type { Builder } from '#schema/builder.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    ContentBinding: ContentBinding;
  }
  interface InputShapes {
    ContentBindingInput: { binding: string; subtypes?: string[] | null };
  }
}

export function contentBindings(builder: Builder): void {
  builder.objectType('ContentBinding', {
    description: 'What content is: the id of a format, and which of its subtypes.',
    fields: (t) => ({
      binding: t.exposeString('binding', { description: 'The id of the format.' }),
      subtypes: t.stringList({
        description: 'Its subtypes; none: whichever.',
        resolve: ({ subtypes }) => [...subtypes],
      }),
    }),
  });
  builder.inputType('ContentBindingInput', {
    description: 'What content is: the id of a format, and which of its subtypes.',
    fields: (t) => ({
      binding: t.string({
        required: true,
        description:
          'The id of the format; with its subtypes as `urn:x>sub1,sub2` where those are not given beside it.',
      }),
      subtypes: t.stringList({ description: 'Its subtypes; none: whichever.' }),
    }),
  });
}
