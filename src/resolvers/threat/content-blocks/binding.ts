import { z } from 'zod';
import { line } from '#kernel/input.ts';

/** What the content of a block is: the id of a format, and which of its subtypes. */
export interface ContentBinding {
  readonly binding: string;
  /** None: whichever subtype. */
  readonly subtypes: readonly string[];
}

/** What takes blocks: an inbox, or a data collection. */
export interface ContentHolder {
  readonly acceptAllContent: boolean;
  readonly supportedContent: readonly ContentBinding[];
}

/** Which blocks are wanted: all of them, or those that one of the bindings fits. An empty list wants none. */
export type WantedContent = 'ALL' | readonly ContentBinding[];

/** Storages find blocks by their bindings, for which a text is as long as its bytes. */
const part = (name: string) =>
  line(name, { min: 1, max: 1000 })
    .refine((text) => !/[\s>]/.test(text), `${name} may not hold white space or ">".`)
    .refine((text) => Buffer.byteLength(text) <= 1000, `${name} may not be longer than 1,000 bytes.`);
const subtypes = z.array(part('A subtype')).max(1000, 'A binding has 1,000 subtypes at most.');

const asText = z.string().transform((text): z.input<typeof asParts> => {
  const [binding = '', ...rest] = text.split('>');
  const list = rest.join('>');
  return { binding, subtypes: rest.length === 0 ? [] : list.split(',') };
});

const asParts = z
  .object({ binding: part('A binding'), subtypes: subtypes.nullish() })
  .transform((given): ContentBinding => ({ binding: given.binding, subtypes: [...new Set(given.subtypes ?? [])] }));

/**
 * A binding as it comes from outside: a text, `urn:x` or `urn:x>sub1,sub2`, or an object. The `binding` of an object
 * without subtypes may be such a text too.
 */
export const contentBinding = z.preprocess((given) => {
  const lone =
    typeof given === 'object' && given !== null ? (given as { binding?: unknown; subtypes?: unknown }) : null;
  const text = lone && lone.subtypes == null ? lone.binding : given;
  return typeof text === 'string' ? asText.parse(text) : given;
}, asParts);

export const contentBindings = z.array(contentBinding).max(1000, 'Give 1,000 bindings at most.');

/** The binding of a block, which has one subtype at most. */
export const blockBinding = contentBinding.refine(
  ({ subtypes }) => subtypes.length <= 1,
  'The binding of a block has one subtype at most.',
);

/** A binding as a text, the way status details and events tell it. */
export const formatBinding = ({ binding, subtypes }: ContentBinding): string =>
  subtypes.length === 0 ? binding : `${binding}>${subtypes.join(',')}`;

/** Whether a block of this binding is among the wanted. A block without subtype is none of a list of subtypes. */
export function isWanted(wanted: WantedContent, block: ContentBinding | null): boolean {
  if (wanted === 'ALL') return true;
  if (block === null) return false;
  return wanted.some(
    ({ binding, subtypes }) =>
      binding === block.binding &&
      (subtypes.length === 0 || block.subtypes.some((subtype) => subtypes.includes(subtype))),
  );
}

/** Whether a holder takes a block of this binding. One that names nothing and does not take all takes none. */
export const supports = ({ acceptAllContent, supportedContent }: ContentHolder, block: ContentBinding | null) =>
  isWanted(acceptAllContent ? 'ALL' : supportedContent, block);

/**
 * What of a data collection a request with these bindings wants; no bindings: all that it supports.
 * @returns an empty list where what is requested and what is supported have nothing in common.
 */
export function overlap(holder: ContentHolder, requested: readonly ContentBinding[]): WantedContent {
  const supported = holder.acceptAllContent ? [] : holder.supportedContent;
  if (supported.length === 0) return requested.length === 0 ? 'ALL' : requested;
  if (requested.length === 0) return supported;
  return requested.flatMap((one) => supported.flatMap((other) => common(one, other)));
}

function common(requested: ContentBinding, supported: ContentBinding): ContentBinding[] {
  if (requested.binding !== supported.binding) return [];
  if (supported.subtypes.length === 0) return [requested];
  if (requested.subtypes.length === 0) return [supported];
  const both = requested.subtypes.filter((subtype) => supported.subtypes.includes(subtype));
  // Without subtypes it would be whichever subtype.
  return both.length === 0 ? [] : [{ binding: requested.binding, subtypes: both }];
}
