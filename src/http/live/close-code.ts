import type { Ending } from '#http/live/connection.ts';

/** The close code of a socket for each way in which the gateway ends a connection. */
export function closeCode({ why }: Ending, slowConsumerCode: number): number {
  switch (why) {
    case 'slow':
      return slowConsumerCode;
    case 'ended':
      return 4403;
    case 'drain':
      return 1012;
    case 'unreachable':
      return 1013;
  }
}
