import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { GraphqlConfig } from '#http/config.ts';
import type { OperationRequest } from '#http/request.ts';
import { ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';

/** Where the text of an operation comes from: the request, or the documents known beforehand. */
export interface DocumentTexts {
  /**
   * The text that a request means.
   * @throws ForbiddenError for one that is not trusted where only such are, NotFoundError for an unknown id.
   */
  textOf(request: OperationRequest): string;
}

/** Texts by id, or the manifest that Apollo's tools write. */
const file = z.union([
  z.object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) }),
  z.record(z.string(), z.string()),
]);

const withoutScheme = (id: string) => id.replace(/^sha256:/, '');

/**
 * @param folder where a relative path of the file begins.
 * @throws Error naming the file when it cannot be read, is no list of documents, or holds one under a SHA-256 that is
 * not its own.
 */
export function createDocumentTexts(config: GraphqlConfig['trustedDocuments'], folder: string): DocumentTexts {
  const trusted = config.file === undefined ? null : readTrusted(resolve(folder, config.file));
  const texts = new Set(trusted?.values());

  return {
    textOf({ query, documentId, extensions }) {
      if (query != null) {
        if (config.only && !texts.has(query))
          throw new ForbiddenError('Only trusted documents are answered here (graphql.trustedDocuments.only).');
        return query;
      }
      const id = documentId ?? persistedQuery(extensions);
      if (id === null) throw InputError.at(['query'], 'Give the text of a document as query.');
      if (!trusted) {
        const remedy = 'send its text as query, or set graphql.trustedDocuments.file.';
        throw InputError.at(['documentId'], `No documents are known by an id here: ${remedy}`);
      }
      const text = trusted.get(withoutScheme(id));
      if (text === undefined) throw new NotFoundError(`No trusted document has the id "${id}".`, ['documentId']);
      return text;
    },
  };
}

/** The id in the form that Apollo's clients send. */
function persistedQuery(extensions: OperationRequest['extensions']): string | null {
  const part = extensions?.persistedQuery;
  if (typeof part !== 'object' || part === null || !('sha256Hash' in part)) return null;
  return typeof part.sha256Hash === 'string' ? part.sha256Hash : null;
}

function readTrusted(path: string): Map<string, string> {
  const refuse = (reason: string) => new Error(`graphql.trustedDocuments.file: ${path} ${reason}`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refuse(`cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = file.safeParse(content);
  if (!parsed.success) throw refuse('must hold one JSON object of documents by their id.');
  const entries =
    'operations' in parsed.data && Array.isArray(parsed.data.operations)
      ? parsed.data.operations.map(({ id, body }) => [id, body] as const)
      : Object.entries(parsed.data as Record<string, string>);
  const known = new Map(entries.map(([id, text]) => [withoutScheme(id), text]));
  for (const [id, text] of known) {
    const hash = createHash('sha256').update(text).digest('hex');
    if (/^[0-9a-f]{64}$/.test(id) && id !== hash)
      throw refuse(`holds a document under ${id} whose SHA-256 is ${hash}.`);
  }
  return known;
}
