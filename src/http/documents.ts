import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  Source,
  specifiedRules,
  type Token,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { type Limits, measureDocument, overLimit } from '#http/limits.ts';
import { InputError } from '#kernel/errors.ts';

/** A document that could be parsed. */
export interface ReadDocument {
  readonly source: string;
  readonly document: DocumentNode;
  readonly measure: ReturnType<typeof measureDocument>;
  /** What validation finds. It costs the more the larger the document is: look at the limits first. */
  errors(): readonly GraphQLError[];
}

export interface Documents {
  /**
   * Reads a text, or remembers having read it.
   * @throws GraphQLError for a text that is no document, InputError for one that is too large to be looked at.
   */
  read(source: string): ReadDocument;
}

/** What the documents remembered may weigh, by an estimate of their trees. */
const cacheBytes = 64 * 1024 ** 2;
const bytesPerToken = 400;

/** @param limits null for documents that are trusted to be of any size. */
export function createDocuments(schema: GraphQLSchema, limits: Limits | null): Documents {
  const cache = new LRUCache<string, ReadDocument>({
    max: 2000,
    maxSize: cacheBytes,
    maxEntrySize: cacheBytes / 16,
    sizeCalculation: ({ source, document }) => 1 + source.length + bytesPerToken * countTokens(document),
  });

  return {
    read(source) {
      const known = cache.get(source);
      if (known) return known;
      const document = parseDocument(source, limits);
      const measure = measureDocument(schema, document);
      const tooMany = limits && overLimit('aliases', measure.mostAliases(), limits);
      if (tooMany) throw new InputError([tooMany]);
      let errors: readonly GraphQLError[] | null = null;
      const read: ReadDocument = {
        source,
        document,
        measure,
        errors() {
          errors ??= validate(schema, document, specifiedRules);
          return errors;
        },
      };
      cache.set(source, read);
      return read;
    },
  };
}

function parseDocument(source: string, limits: Limits | null): DocumentNode {
  try {
    return parse(new Source(source, 'document'), limits ? { maxTokens: limits.tokens } : undefined);
  } catch (error) {
    if (limits && error instanceof GraphQLError && /more tha[nt] \d+ tokens/.test(error.message)) {
      const message = `The document has more than ${limits.tokens} tokens, which is the most (graphql.limits.tokens).`;
      throw InputError.at(['query'], message);
    }
    // The parser calls itself for every level: a document may be short enough for the tokens and still too deep for it.
    if (error instanceof RangeError) {
      const depth = limits ? ` The most is ${limits.depth} levels (graphql.limits.depth).` : '';
      throw InputError.at(['query'], `The document is nested too deeply to be read.${depth}`);
    }
    throw error;
  }
}

function countTokens(document: DocumentNode): number {
  let count = 0;
  for (let token: Token | null | undefined = document.loc?.startToken; token; token = token.next) count += 1;
  return count;
}
