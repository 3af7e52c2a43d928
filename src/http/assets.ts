import { createHash } from 'node:crypto';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LRUCache } from 'lru-cache';
import { HttpRefusal } from '#http/answer.ts';
import { decodeSegment } from '#http/routes.ts';
import type { Assets } from '#kernel/plugin.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
};

/** Gives the files of one folder. */
export type AssetServer = (request: Request, path: string) => Promise<Response>;

/** @throws HttpRefusal 404 for what is no file in the folder, however the path is written. */
export function createAssetServer({ path: prefix, directory, index = 'index.html', spa = false }: Assets): AssetServer {
  const folder = directory instanceof URL ? fileURLToPath(directory) : resolve(directory);
  const base = prefix === '/' ? '' : prefix.replace(/\/$/, '');
  /** By file and what tells its content apart. */
  const tags = new LRUCache<string, string>({ max: 10_000 });

  return async (request, path) => {
    const rest = path.slice(base.length);
    // Its own links are relative to the folder, so the folder's path ends with a slash.
    if (rest === '') return redirect(request, path);
    const file = await find(folder, rest, index);
    if (file === 'folder') return redirect(request, path);
    const fallback = !file && spa && !Object.hasOwn(types, extname(path)) ? await find(folder, '/', index) : file;
    if (!fallback || fallback === 'folder') throw new HttpRefusal(404, `Nothing is at ${path.slice(0, 200)}.`);
    return answer(request, fallback, tags);
  };
}

/** A segment that holds more than a name names no file. */
function plainSegment(segment: string): string {
  try {
    return decodeSegment(segment);
  } catch {
    return '..';
  }
}

interface Found {
  readonly name: string;
  readonly handle: FileHandle;
}

const redirect = (request: Request, path: string): Response =>
  new Response(null, { status: 308, headers: { location: `${path}/${new URL(request.url).search}` } });

/** An open file inside the folder; `folder` for a folder whose path does not end as one; null for all else. */
async function find(folder: string, rest: string, index: string): Promise<Found | 'folder' | null> {
  const segments = rest.split('/').slice(1).map(plainSegment);
  const last = segments.pop() ?? '';
  if ([...segments, last].some((segment) => segment.startsWith('.') && segment !== '.well-known')) return null;
  if (segments.includes('')) return null;
  const wanted = join(folder, ...segments, last === '' ? index : last);
  try {
    // Where links lead is looked at before anything is opened, and what was looked at is what is opened.
    const [root, name] = await Promise.all([realpath(folder), realpath(wanted)]);
    if (!name.startsWith(root + sep)) return null;
    const handle = await open(name, 'r');
    const facts = await handle.stat();
    if (facts.isFile()) return { name, handle };
    await handle.close();
    return facts.isDirectory() && last !== '' ? 'folder' : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
}

async function answer(request: Request, { name, handle }: Found, tags: LRUCache<string, string>): Promise<Response> {
  let isStreaming = false;
  try {
    const { size, mtimeMs, ino } = await handle.stat();
    const key = `${name} ${ino} ${size} ${mtimeMs}`;
    const etag = tags.get(key) ?? (await hash(handle));
    tags.set(key, etag);
    const headers = {
      'content-type': types[extname(name).toLowerCase()] ?? 'application/octet-stream',
      // Kept by whoever asks, and asked for again each time: what changed is seen at once.
      'cache-control': 'private, no-cache',
      etag,
    };
    if (matches(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
    const sized = { ...headers, 'content-length': String(size) };
    if (request.method === 'HEAD' || size === 0) return new Response(null, { headers: sized });
    isStreaming = true;
    const stream = handle.createReadStream({ start: 0, end: size - 1, autoClose: true });
    return new Response(Readable.toWeb(stream) as unknown as BodyInit, { headers: sized });
  } finally {
    if (!isStreaming) await handle.close();
  }
}

async function hash(handle: FileHandle): Promise<string> {
  const sum = createHash('sha256');
  const stream = handle.createReadStream({ start: 0, autoClose: false });
  for await (const chunk of stream) sum.update(chunk as Buffer);
  return `"${sum.digest('base64url')}"`;
}

const matches = (given: string | null, etag: string): boolean =>
  given !== null && (given.trim() === '*' || given.split(',').some((one) => one.trim().replace(/^W\//, '') === etag));
