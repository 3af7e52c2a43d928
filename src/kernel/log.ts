import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>;

/** Keys whose values never reach a log, at the top of an entry and one level below. */
const secretKeys = [
  'password',
  'current',
  'token',
  'secret',
  'secretKey',
  'secretKeyHash',
  'credential',
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'authString',
  'passwordHash',
  'DATABASE_URL',
];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** One JSON line an entry, on standard error, so that standard output stays with commands. */
export function createLogger(level: (typeof logLevels)[number]): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secretKeys.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]), censor: '***' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
