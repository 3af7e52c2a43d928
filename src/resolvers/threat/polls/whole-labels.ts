import type { Context } from '#kernel/context.ts';
import {
  type BlockSlice,
  type BlockWindow,
  contentBlockStore,
  type Portion,
} from '#resolvers/threat/content-blocks/content-block.ts';

/** The first portion of a window, and all further blocks with its last label. */
export async function wholeLabels(
  ctx: Context,
  window: BlockWindow,
  portion: Portion,
): Promise<BlockSlice | 'NOT_READY'> {
  const store = ctx.use(contentBlockStore);
  const first = await store.read(window, null, portion);
  const last = first === 'NOT_READY' ? undefined : first.blocks.at(-1);
  if (first === 'NOT_READY' || !first.more || !last) return first;
  const blocks = [...first.blocks];
  const label = last.timestampLabel;
  for (let after = last, more = true; more; ) {
    const slice = await store.read({ ...window, end: label }, after, portion);
    if (slice === 'NOT_READY') return slice;
    blocks.push(...slice.blocks);
    after = slice.blocks.at(-1) ?? after;
    more = slice.more;
  }
  const beyond = await store.walk({ ...window, begin: label }, null, { count: 1, bytes: 1 }, 1);
  return beyond === 'NOT_READY' ? beyond : { blocks, more: beyond.ends.length > 0 };
}
