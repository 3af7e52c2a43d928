import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A fenced block of a Markdown page. */
export interface Block {
  readonly language: string;
  /** From `title="…"` behind the language; null for blocks without one. */
  readonly title: string | null;
  readonly text: string;
}

/** Everything below a heading of the second level; what comes before the first one has no title. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export async function sectionsOf(path: string): Promise<readonly Section[]> {
  const page = await readFile(path, 'utf8');
  return page.split(/^(?=## )/m).map((text) => ({ title: /^## (.+)/.exec(text)?.[1] ?? '', blocks: blocksIn(text) }));
}

export const blocksOf = async (path: string): Promise<readonly Block[]> => blocksIn(await readFile(path, 'utf8'));

function blocksIn(page: string): readonly Block[] {
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

/** Writes the blocks whose title is the name of a file: those of operations are parts of an example. */
export async function writeFiles(blocks: readonly Block[], folder: string): Promise<void> {
  for (const { title, language, text } of blocks) {
    if (title === null || language === 'graphql' || title === 'variables' || title === 'stream') continue;
    await mkdir(dirname(join(folder, title)), { recursive: true });
    await writeFile(join(folder, title), text);
  }
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

/** Puts `…` where a shown text ends with it and the real one begins as shown, or is any for `<words>…`: what differs. */
export function asShown(real: unknown, shown: unknown): unknown {
  if (typeof shown === 'string' && shown.endsWith('…') && typeof real === 'string')
    return real.startsWith(shown.slice(0, -1)) || /^<.+>…$/.test(shown) ? shown : real;
  if (Array.isArray(real) && Array.isArray(shown)) return real.map((item, index) => asShown(item, shown[index]));
  if (isTree(real) && isTree(shown))
    return Object.fromEntries(Object.entries(real).map(([key, value]) => [key, asShown(value, shown[key])]));
  return real;
}

/** Matches the real text where a shown one has `…` for what differs each time. */
export function shownPattern(shown: string): RegExp {
  const parts = shown.trim().split('…');
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`, 's');
}

export const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
