import { z } from 'zod';
import { duration, group, keys, size } from '#kernel/config.ts';

const count = (fallback: number) => z.int().min(1).default(fallback);

/** The section `live`. */
export const liveConfig = keys({
  ring: group({
    events: count(10_000).describe('How many of the newest events are kept in memory for resumes.'),
    bytes: size().prefault('32MiB').describe('The most bytes of them.'),
  }),
  queue: group({
    items: count(1000).describe('The most items that may wait for one subscription.'),
    bytes: size().prefault('1MiB').describe('The most bytes that may wait for one subscription.'),
    policy: z
      .enum(['DISCONNECT', 'DROP', 'COALESCE'])
      .default('DISCONNECT')
      .describe('What happens above that, when a subscription does not say.'),
  }),
  socket: group({
    bytes: size().prefault('4MiB').describe('The most unsent bytes of one connection.'),
    closeGrace: duration().prefault('5s').describe('How long a stalled connection may take to close.'),
    slowConsumerCode: z
      .union([z.literal(4429), z.literal(1013)])
      .default(4429)
      .describe('The close code for a client that reads too slowly; 1013 makes stock clients reconnect by themselves.'),
  }),
  replay: group({
    page: count(500).describe('How many events one read of older history takes.'),
    concurrency: count(8).describe('How many such reads go on at once.'),
    maxEvents: count(1_000_000).describe('How far behind a cursor may be; a Gap covers the rest.'),
  }),
  max: group({
    connections: count(50_000).describe('The most connections of one process.'),
    perAccount: count(100).describe('The most connections of one account.'),
    perAddress: count(20).describe('The most connections of one address without a credential.'),
    operations: count(100).describe('The most operations on one connection.'),
    subscriptions: count(1000).describe('The most subscriptions of one account.'),
    messageBytes: size().prefault('64KiB').describe('The most bytes of one message from a client.'),
    messageRate: count(50).describe('Messages a second from one client; four times as many in a burst.'),
  }),
  initTimeout: duration().prefault('10s').describe('How long a socket may take to send connection_init.'),
  keepAlive: duration().prefault('12s').describe('How often a sign of life with checkpoints is sent.'),
  pongTimeout: duration().prefault('20s').describe('How long a socket may take to answer it.'),
  executeTimeout: duration().prefault('5s').describe('How long one event may take to render.'),
  drainSpread: duration()
    .prefault('10s')
    .describe('Over how long clients are told to come back when the gateway stops.'),
  staleAfter: duration().prefault('30s').describe('How long the log may be unreachable before streams are ended.'),
});

export type LiveConfig = z.output<typeof liveConfig>;
