import { duration } from '#kernel/config.ts';
import { InputError } from '#kernel/errors.ts';

/**
 * Milliseconds of a duration as the config has it: `250ms 30s 15m 8h 30d`, or a number of seconds.
 * @param name of the option that it was given in.
 */
export function readDuration(name: string, text: string): number {
  const read = duration().safeParse(text);
  if (read.success) return read.data;
  throw new InputError(read.error.issues.map(({ message }) => ({ path: [name], message })));
}
