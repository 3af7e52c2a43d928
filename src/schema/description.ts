import type { EventDefinition } from '#kernel/event.ts';

/** What a field needs and does, as data: the last line of its description is made from it. */
export interface FieldFacts {
  readonly description: string;
  /** The permission; absent where being signed in, or nothing, is enough. */
  readonly needs?: string;
  // biome-ignore lint/suspicious/noExplicitAny: events of any data
  readonly emits?: readonly EventDefinition<any>[];
}

export function describeField({ description, needs, emits = [] }: FieldFacts): string {
  const last = [
    ...(needs ? [`Needs ${needs}.`] : []),
    ...(emits.length > 0 ? [`Emits ${emits.map((event) => event.name).join(', ')}.`] : []),
  ].join(' ');
  return last === '' ? description : `${description}\n\n${last}`;
}

/** What `describeField` wrote, in parts again. */
export function readFacts(text: string): { description: string; needs: string | null; emits: string[] } {
  const [, description = text, needs = null, emits = ''] =
    /^([\s\S]*?)(?:\n\n(?:Needs (.+?)\.(?= Emits |$))? ?(?:Emits (.+)\.)?)?$/.exec(text) ?? [];
  return { description, needs, emits: emits === '' ? [] : emits.split(', ') };
}

export const pascalCase = (name: string): string => (name[0] ?? '').toUpperCase() + name.slice(1);
