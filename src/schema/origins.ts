import type { AnyField, Builder } from '#schema/builder.ts';

/** Which plugin declared each root field, as `Query.devices`. */
export type Origins = ReadonlyMap<string, string>;

/**
 * Notes which root fields a plugin declares while it adds to the graph. Fields that are declared by a function of Pothos
 * are noted when the graph is built.
 */
export function noteOrigins(builder: Builder, plugin: string, declare: () => void, origins: Map<string, string>): void {
  const undo = roots.flatMap(({ root, one, many }) => {
    const note = (field: string) => origins.set(`${root}.${field}`, plugin);
    const [single, several] = [builder[one], builder[many]] as [Declare, Declare];
    return [
      replace(builder, one, ((name: string, ...rest: unknown[]) => {
        note(name);
        return single.call(builder, name, ...rest);
      }) as never),
      replace(builder, many, ((fields: (t: unknown) => Record<string, AnyField>) =>
        several.call(builder, (t: unknown) => {
          const made = fields(t);
          Object.keys(made).forEach(note);
          return made;
        })) as never),
    ];
  });
  try {
    declare();
  } finally {
    for (const back of undo) back();
  }
}

type Declare = (...all: unknown[]) => unknown;

const roots = [
  { root: 'Query', one: 'queryField', many: 'queryFields' },
  { root: 'Mutation', one: 'mutationField', many: 'mutationFields' },
  { root: 'Subscription', one: 'subscriptionField', many: 'subscriptionFields' },
] as const;

/** Puts a method of an object's own before the one of its class. @returns how to take it away. */
function replace<Name extends keyof Builder>(builder: Builder, name: Name, method: Builder[Name]): () => void {
  Object.defineProperty(builder, name, { value: method, configurable: true, writable: true });
  return () => {
    delete (builder as Partial<Builder>)[name];
  };
}
