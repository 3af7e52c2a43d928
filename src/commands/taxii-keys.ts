import type { Input } from '#commands/things.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';

/** How a service of TAXII 1 is given: its service id, or the id that the graph has for it. */
export const serviceKeyOf = (text: string): Input =>
  fromGlobalId(text)?.type.endsWith('Service') ? { id: text } : { serviceId: text };

/** How a data collection is given: its name, its UUID, or the id that the graph has for it. */
export function dataCollectionKeyOf(text: string): Input {
  if (isUuid(text)) return { taxiiId: text };
  return fromGlobalId(text)?.type === 'DataCollection' ? { id: text } : { name: text };
}

export interface BindingRow {
  readonly binding: string;
  readonly subtypes: readonly string[];
}

/** Bindings as they are given: `urn:x>a,b`. */
export const bindingTexts = (bindings: readonly BindingRow[] | undefined): string | undefined =>
  bindings
    ?.map(({ binding, subtypes }) => (subtypes.length > 0 ? `${binding}>${subtypes.join(',')}` : binding))
    .join(' ');
