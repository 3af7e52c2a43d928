import { UnavailableError } from '#kernel/errors.ts';

/** What a failed statement says of itself, wherever in the layers it stands. */
interface Failure {
  /** SQLSTATE, or a Prisma or system code. */
  readonly code: string | null;
  readonly kind: string | null;
}

const tooLong = 'The database took too long to answer. Try again; if it stays, look at its load and its locks.';
const inTheWay = 'Another change to the same things got in the way. Try again.';
const gone = 'The database does not answer now. Try again; if it stays, check that it runs and that it can be reached.';

const sentences: Readonly<Record<string, string>> = {
  '55P03': tooLong, // lock_not_available
  '57014': tooLong, // query_canceled
  P2024: tooLong, // no free connection
  P2028: tooLong, // the transaction was given up
  SocketTimeout: tooLong,
  '40001': inTheWay, // serialization_failure
  '40P01': inTheWay, // deadlock_detected
  P2034: inTheWay,
  TransactionWriteConflict: inTheWay,
  '53300': gone, // too_many_connections
  '57P01': gone, // admin_shutdown
  '57P02': gone, // crash_shutdown
  '57P03': gone, // cannot_connect_now
  P1001: gone,
  P1002: gone,
  P1008: gone,
  P1017: gone,
  P2037: gone,
  TooManyConnections: gone,
  DatabaseNotReachable: gone,
  ConnectionClosed: gone,
  ECONNREFUSED: gone,
  ECONNRESET: gone,
  EPIPE: gone,
  ENOTFOUND: gone,
  ETIMEDOUT: gone,
};

/** Failures that the driver reports in words only. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/timeout exceeded when trying to connect|Unable to start a transaction in the given time/i, tooLong],
  [/Connection terminated|Client has encountered a connection error|server closed the connection|not queryable/i, gone],
];

/**
 * The failure as the caller should see it: a database that is slow, busy or away is a typed error with a remedy, and
 * everything else stays what it was.
 */
export function translateFailure(error: unknown): unknown {
  const { code, kind } = failureOf(error);
  const sentence = sentences[code ?? ''] ?? sentences[kind ?? ''] ?? classOf(code) ?? spoken(error);
  if (sentence === undefined) return error;
  const unavailable = new UnavailableError(sentence);
  unavailable.cause = error;
  return unavailable;
}

const classOf = (code: string | null) => (code && /^08/.test(code) ? gone : undefined);

const spoken = (error: unknown) =>
  phrases.find(([phrase]) => error instanceof Error && phrase.test(error.message))?.[1];

interface Layered {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
  readonly cause?: unknown;
}

/** The innermost code and kind: Prisma wraps the adapter's failure, which wraps the database's. */
function failureOf(error: unknown): Failure {
  let code: string | null = null;
  let kind: string | null = null;
  let layer = error as Layered | undefined;
  for (let depth = 0; depth < 5 && layer && typeof layer === 'object'; depth += 1) {
    if (typeof layer.code === 'string') code = layer.code;
    if (typeof layer.originalCode === 'string') code = layer.originalCode;
    if (typeof layer.kind === 'string') kind = layer.kind;
    layer = (layer.meta?.driverAdapterError ?? layer.cause) as Layered | undefined;
  }
  return { code, kind };
}

/** Whether a statement failed because a unique key is taken. It has spoiled its transaction, which must be given up. */
export function isTaken(error: unknown): boolean {
  const { code, kind } = failureOf(error);
  return code === '23505' || code === 'P2002' || kind === 'UniqueConstraintViolation';
}
