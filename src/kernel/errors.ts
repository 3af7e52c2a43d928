/**
 * The only place where an error that a user may see is born.
 *
 * An expected failure is an instance of one of these classes: GraphQL mutations return it as data, every other door
 * answers with its `code`. Whatever else is thrown is a fault: it is masked outside and complete in the log.
 */

/** What is wrong with one part of an input. `path` holds names and positions, outermost first. */
export interface FieldFault {
  readonly path: readonly string[];
  readonly message: string;
}

interface CatalogueEntry {
  /** The GraphQL type, absent for codes that only streams use. */
  readonly type?: string;
  readonly code: string;
  readonly status: number;
  readonly meaning: string;
  readonly remedy: string;
}

/** Every code that Gatehouse answers with. `docs/errors.md` is made from this table. */
export const errorCatalogue: readonly CatalogueEntry[] = [
  {
    type: 'InputError',
    code: 'BAD_USER_INPUT',
    status: 400,
    meaning: 'The input is malformed or breaks a rule; `fields` lists every fault with its path.',
    remedy: 'Correct the named fields.',
  },
  {
    type: 'AuthenticationError',
    code: 'UNAUTHENTICATED',
    status: 401,
    meaning: 'No credential was given where one is needed, or the one given is not good.',
    remedy: 'Sign in, or send a valid token.',
  },
  {
    type: 'ForbiddenError',
    code: 'FORBIDDEN',
    status: 403,
    meaning: 'The account lacks a permission; the message names it.',
    remedy: 'Ask an administrator for the permission.',
  },
  {
    type: 'NotFoundError',
    code: 'NOT_FOUND',
    status: 404,
    meaning: 'The thing does not exist, or the account may not know that it does.',
    remedy: 'Check the key, and that the account may read it.',
  },
  {
    type: 'ConflictError',
    code: 'CONFLICT',
    status: 409,
    meaning:
      'A natural key is taken, a rule that cannot move stands in the way, or the thing changed since it was read.',
    remedy: 'Read the thing again, or choose another value for the field in `path`.',
  },
  {
    type: 'JobExistsError',
    code: 'JOB_EXISTS',
    status: 409,
    meaning: 'A job of this name with these arguments is in the queue already, in whatever state; `jobId` says which.',
    remedy: 'Wait for it, or remove or restart it.',
  },
  {
    type: 'JobStateError',
    code: 'JOB_STATE',
    status: 409,
    meaning: 'The job is in a state in which this cannot be done; nothing was changed.',
    remedy: 'Look at its `state` and its `flags`.',
  },
  {
    type: 'ThrottledError',
    code: 'THROTTLED',
    status: 429,
    meaning: 'Too many attempts; `retryAfter` says how many seconds to wait.',
    remedy: 'Wait, then try again.',
  },
  {
    type: 'PayloadTooLargeError',
    code: 'PAYLOAD_TOO_LARGE',
    status: 413,
    meaning: 'The request is larger than its door allows.',
    remedy: 'Send less at once, or raise the limit that the message names.',
  },
  {
    type: 'UnavailableError',
    code: 'UNAVAILABLE',
    status: 503,
    meaning: 'Something needed for the answer does not answer now, or nothing provides it.',
    remedy: 'Try again; if it stays, look at `/health/ready`.',
  },
  {
    type: 'AmbiguousError',
    code: 'AMBIGUOUS',
    status: 400,
    meaning: 'A natural key fits several things.',
    remedy: 'Give a site, or an id.',
  },
  {
    type: 'InUseError',
    code: 'IN_USE',
    status: 409,
    meaning: 'Other things depend on it; `blockers` lists the first ten that the account may see.',
    remedy: 'Remove what depends on it first, or use `force` where the operation offers it.',
  },
  {
    type: 'NoSpaceError',
    code: 'NO_SPACE',
    status: 409,
    meaning: 'Less is free than was asked for; `available` says how much.',
    remedy: 'Ask for less, or elsewhere.',
  },
  {
    type: 'ImportRejectedError',
    code: 'IMPORT_REJECTED',
    status: 400,
    meaning: 'Rows of an import failed and nothing was written; `import` lists them.',
    remedy: 'Correct the rows, or import with `onError: SKIP_ROW`.',
  },
  {
    type: 'DestinationCollectionError',
    code: 'DESTINATION_COLLECTION',
    status: 400,
    meaning: 'The inbox wants its messages to name data collections, or not to; `acceptableDestinations` lists them.',
    remedy: 'Name some of those, or none.',
  },
  {
    type: 'UnsupportedContentError',
    code: 'UNSUPPORTED_CONTENT',
    status: 400,
    meaning: 'The data collection holds none of the asked content; `supportedContent` lists what it holds.',
    remedy: 'Ask for some of that, or for everything.',
  },
  {
    type: 'DeniedError',
    code: 'DENIED',
    status: 403,
    meaning: 'A rule of the service stands against it, whoever asks; the message says which.',
    remedy: 'Do what the rule wants, such as subscribing first.',
  },
  {
    type: 'GenericError',
    code: 'INTERNAL',
    status: 500,
    meaning: 'Something unexpected went wrong. The log holds it in full under the trace id of the message.',
    remedy: 'Give the trace id to whoever runs this gateway.',
  },
  {
    code: 'LIMIT_EXCEEDED',
    status: 429,
    meaning: 'A connection or an account has too many operations open.',
    remedy: 'End some of them, or raise the limit that the message names.',
  },
  {
    code: 'SLOW_CONSUMER',
    status: 429,
    meaning: 'The client read too slowly and its stream was ended.',
    remedy: 'Resume after the cursor in `extensions.cursor`.',
  },
  {
    code: 'TIMEOUT',
    status: 504,
    meaning: 'One event of a stream took too long to render; the stream goes on.',
    remedy: 'Select less, or read the subject with a query.',
  },
];

const statusOf = new Map(errorCatalogue.map((entry) => [entry.code, entry.status]));

/** A failure that was foreseen: it has a code, a sentence for people, and the path of the input at fault. */
export abstract class GatehouseError extends Error {
  abstract readonly code: string;
  readonly path: readonly string[];

  constructor(message: string, path: readonly string[] = []) {
    super(message);
    this.name = new.target.name;
    this.path = path;
  }

  get status(): number {
    return statusOf.get(this.code) ?? 500;
  }

  /** What a GraphQL error carries in `extensions`. */
  get extensions(): Record<string, unknown> {
    return { code: this.code, ...(this.path.length > 0 && { path: this.path }) };
  }
}

export class InputError extends GatehouseError {
  readonly code = 'BAD_USER_INPUT';
  readonly fields: readonly FieldFault[];

  constructor(fields: readonly FieldFault[]) {
    super(fields.map((fault) => fault.message).join(' '), fields[0]?.path ?? []);
    this.fields = fields;
  }

  /** One fault at one path. */
  static at(path: readonly string[], message: string): InputError {
    return new InputError([{ path, message }]);
  }

  override get extensions() {
    return { ...super.extensions, fields: this.fields };
  }
}

export class AuthenticationError extends GatehouseError {
  readonly code = 'UNAUTHENTICATED';
}

export class ForbiddenError extends GatehouseError {
  readonly code = 'FORBIDDEN';
}

export class NotFoundError extends GatehouseError {
  readonly code = 'NOT_FOUND';
}

export class ConflictError extends GatehouseError {
  readonly code = 'CONFLICT';
  /** The etag to read again with, where the thing has one. */
  readonly currentEtag: string | null;

  constructor(message: string, path: readonly string[] = [], currentEtag: string | null = null) {
    super(message, path);
    this.currentEtag = currentEtag;
  }
}

export class JobExistsError extends GatehouseError {
  readonly code = 'JOB_EXISTS';
  /** Row id of the job that is in the queue. */
  readonly jobId: string;

  constructor(message: string, jobId: string) {
    super(message);
    this.jobId = jobId;
  }
}

export class JobStateError extends GatehouseError {
  readonly code = 'JOB_STATE';
}

export class ThrottledError extends GatehouseError {
  readonly code = 'THROTTLED';
  /** Seconds until another attempt is looked at. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }

  override get extensions() {
    return { ...super.extensions, retryAfter: this.retryAfter };
  }
}

export class PayloadTooLargeError extends GatehouseError {
  readonly code = 'PAYLOAD_TOO_LARGE';
}

export class UnavailableError extends GatehouseError {
  readonly code = 'UNAVAILABLE';
}

/**
 * What a unit of work found is no longer so under its locks, and other locks would be needed. The unit is done again from
 * its beginning; the caller hears of it only where that does not help either.
 */
export class OutdatedError extends UnavailableError {}

export class AmbiguousError extends GatehouseError {
  readonly code = 'AMBIGUOUS';
}

/** A thing that stands in the way: its global id, and how people call it. */
export interface Blocker {
  readonly id: string;
  readonly type: string;
  readonly naturalKey: string;
}

export class InUseError extends GatehouseError {
  readonly code = 'IN_USE';
  readonly blockers: readonly Blocker[];
  readonly blockerCount: number;

  constructor(message: string, blockers: readonly Blocker[], blockerCount: number) {
    super(message);
    this.blockers = blockers;
    this.blockerCount = blockerCount;
  }
}

export class NoSpaceError extends GatehouseError {
  readonly code = 'NO_SPACE';
  /** How many of what was asked for are free. */
  readonly available: number;

  constructor(message: string, available: number, path: readonly string[] = []) {
    super(message, path);
    this.available = available;
  }

  override get extensions() {
    return { ...super.extensions, available: this.available };
  }
}

export class ImportRejectedError extends GatehouseError {
  readonly code = 'IMPORT_REJECTED';
  readonly importId: string;

  constructor(message: string, importId: string) {
    super(message);
    this.importId = importId;
  }
}

export class DestinationCollectionError extends GatehouseError {
  readonly code = 'DESTINATION_COLLECTION';
  /** Names of data collections. */
  readonly acceptableDestinations: readonly string[];

  constructor(message: string, acceptableDestinations: readonly string[], path: readonly string[] = []) {
    super(message, path);
    this.acceptableDestinations = acceptableDestinations;
  }

  override get extensions() {
    return { ...super.extensions, acceptableDestinations: this.acceptableDestinations };
  }
}

export class UnsupportedContentError extends GatehouseError {
  readonly code = 'UNSUPPORTED_CONTENT';
  /** Bindings as texts: `urn:x` or `urn:x>sub1,sub2`. */
  readonly supportedContent: readonly string[];

  constructor(message: string, supportedContent: readonly string[], path: readonly string[] = []) {
    super(message, path);
    this.supportedContent = supportedContent;
  }

  override get extensions() {
    return { ...super.extensions, supportedContent: this.supportedContent };
  }
}

export class DeniedError extends GatehouseError {
  readonly code = 'DENIED';
}

/** What remains outside of a failure that nobody expected. */
export class GenericError extends GatehouseError {
  readonly code = 'INTERNAL';

  constructor(traceId: string) {
    super(`Something went wrong. Trace id: ${traceId}.`);
  }
}

/** Failures that only streams know. */
export class StreamError extends GatehouseError {
  readonly code: 'LIMIT_EXCEEDED' | 'SLOW_CONSUMER' | 'TIMEOUT';

  constructor(code: StreamError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
