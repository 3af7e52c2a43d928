import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Lexer,
  parse,
  Source,
  specifiedRules,
  type Token,
  TokenKind,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { type DocumentMeasure, type Limits, measureDocument } from '#http/limits.ts';
import { InputError } from '#kernel/errors.ts';

/** A document that could be parsed. */
interface ReadDocument {
  readonly source: string;
  readonly document: DocumentNode;
  readonly measure: DocumentMeasure;
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
      let errors: readonly GraphQLError[] | null = null;
      const read: ReadDocument = {
        source,
        document,
        measure,
        errors() {
          errors ??= validateDocument(schema, document);
          return errors;
        },
      };
      cache.set(source, read);
      return read;
    },
  };
}

function validateDocument(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  const errors = validate(schema, document, specifiedRules);
  if (!errors.some((error) => error.message === 'Validation aborted.')) return errors;
  // Validation compares fields of one name pair by pair, and gives up where that would take too long.
  const message =
    'The document selects the same fields too often to be checked: merge selections, and spread fewer fragments.';
  return [new GraphQLError(message)];
}

function parseDocument(text: string, limits: Limits | null): DocumentNode {
  const source = new Source(text, 'document');
  if (limits) refuseTooLarge(source, limits);
  try {
    return parse(source);
  } catch (error) {
    if (error instanceof RangeError) throw InputError.at(['query'], 'The document is nested too deeply to be read.');
    throw error;
  }
}

/** Beside the fields that the limit counts, inline fragments and values open brackets as well. */
const bracketsBesideFields = 100;

/**
 * Counts tokens and open brackets before the parser sees them: it calls itself for every level, and a document may be
 * short enough for the limit of tokens and still too deep for the stack.
 */
function refuseTooLarge(source: Source, limits: Limits): void {
  const deepest = limits.depth + bracketsBesideFields;
  const lexer = new Lexer(source);
  let tokens = 0;
  let open = 0;
  for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
    tokens += 1;
    if (opening.has(kind)) open += 1;
    else if (closing.has(kind)) open -= 1;
    if (tokens > limits.tokens)
      throw InputError.at(
        ['query'],
        `The document has more than ${limits.tokens} tokens, which is the most (graphql.limits.tokens).`,
      );
    if (open > deepest)
      throw InputError.at(
        ['query'],
        `The document opens more than ${deepest} brackets within each other; the most levels of fields are ` +
          `${limits.depth} (graphql.limits.depth).`,
      );
  }
}

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

function countTokens(document: DocumentNode): number {
  let count = 0;
  for (let token: Token | null | undefined = document.loc?.startToken; token; token = token.next) count += 1;
  return count;
}
