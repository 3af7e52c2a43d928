import { readFile } from 'node:fs/promises';

/** A fenced block of a Markdown page. */
export interface Block {
  readonly language: string;
  /** From `title="…"` behind the language; null for blocks without one. */
  readonly title: string | null;
  readonly text: string;
}

export async function blocksOf(path: string): Promise<readonly Block[]> {
  const page = await readFile(path, 'utf8');
  return [...page.matchAll(/^```(\w+)(?: title="([^"]+)")?\n([\s\S]*?)^```$/gm)].map(([, language, title, text]) => ({
    language: language ?? '',
    title: title ?? null,
    text: text ?? '',
  }));
}

/** The block with this title. */
export function titled(blocks: readonly Block[], title: string): string {
  const block = blocks.find((candidate) => candidate.title === title);
  if (!block) throw new Error(`No block has the title ${title}.`);
  return block.text;
}

/** Each block of the language with the block after it: what is asked, and the answer shown. */
export function exchanges(
  blocks: readonly Block[],
  language: string,
): readonly { asked: string; shown: Block | null }[] {
  return blocks.flatMap((block, index) =>
    block.language === language ? [{ asked: block.text, shown: blocks[index + 1] ?? null }] : [],
  );
}

/** Puts `…` where a shown text ends with it and the real one begins as shown: what differs each time. */
export function asShown(real: unknown, shown: unknown): unknown {
  if (typeof shown === 'string' && shown.endsWith('…') && typeof real === 'string')
    return real.startsWith(shown.slice(0, -1)) ? shown : real;
  if (Array.isArray(real) && Array.isArray(shown)) return real.map((item, index) => asShown(item, shown[index]));
  if (isTree(real) && isTree(shown))
    return Object.fromEntries(Object.entries(real).map(([key, value]) => [key, asShown(value, shown[key])]));
  return real;
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
