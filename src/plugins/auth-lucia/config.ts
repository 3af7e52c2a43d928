import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';

/** Durations are in milliseconds. */
export const sessionConfig = keys({
  life: duration().prefault('8h').describe('How long a session lasts from its last extension.'),
  refresh: duration().prefault('1h').describe('How long after an extension a use extends it again.'),
  absolute: duration().prefault('30d').describe('How long a session lasts at most, however often it is used.'),
  cookie: z
    .string()
    .regex(/^[\w-]+$/, 'may hold letters, digits, _ and - only.')
    .default('gatehouse_session')
    .describe('Name of the cookie.'),
});

export type SessionConfig = z.output<typeof sessionConfig>;
