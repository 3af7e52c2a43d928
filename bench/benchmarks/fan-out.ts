import type { Audience, Received } from '../clients/subscribers.ts';
import { DifferentAnswers, expectSame } from '../harness/answers.ts';
import { ask } from '../harness/load.ts';
import { type BenchProcess, startProcess } from '../harness/process.ts';
import { type Count, compare, type Results } from '../harness/report.ts';
import { type Contender, interleave, type Sample } from '../harness/rounds.ts';
import type { Benchmark, Effort } from './suite.ts';

const sockets = 1000;

/** What is in the event itself, and what the database is asked for. */
const subscriptions = {
  event: 'subscription { deviceChanged(hello: true) { __typename ... on DeviceCreated { sequence data } } }',
  things: `subscription {
    deviceChanged(hello: true) { __typename ... on DeviceCreated { sequence device { id hostname site { name } } } }
  }`,
};

const mutation = `mutation ($inputs: [DeviceCreateInput!]!) {
  deviceCreateMany(inputs: $inputs) { __typename }
}`;

/** One of those that send frames to everybody. */
interface Sender {
  readonly name: string;
  readonly server: BenchProcess<unknown>;
  readonly audience: BenchProcess<unknown>;
  /** Begins to send so many frames to each. */
  send(frames: number): Promise<unknown>;
}

/** One event for many who wait for it: as many events as come at once, and one after the other. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  data: 'made',
  async run({ gatehouse, effort }) {
    const broadcast = await startProcess<string>('servers/broadcast.ts');
    const listeners = await startAudience(broadcast.ready, null);
    const measure = async (subscription: string, ways: Readonly<Record<string, Way>>): Promise<Results> => {
      const subscribers = await startAudience(`${gatehouse.ready}/graphql`, subscription);
      try {
        const make = makeDevices(`${gatehouse.ready}/graphql`);
        const ours: Sender = { name: 'Gatehouse', server: gatehouse, audience: subscribers, send: make };
        const { frame, counts } = await examine(ours, gatehouse.ready, effort);
        const send = (times: number) => broadcast.ask('send', { frame, times });
        const senders = [ours, { name: 'plain ws frames', server: broadcast, audience: listeners, send }];
        const rows = [];
        for (const [benchmark, way] of Object.entries(ways)) {
          const contenders = senders.map((sender) => contender(sender, way));
          rows.push(...compare(`frames to ${sockets}, ${benchmark}`, contenders, await interleave(contenders, effort)));
        }
        return { rows, counts };
      } finally {
        await subscribers.stop();
      }
    };
    const atOnce: Way = (sender) => burst(sender, effort.burst);
    const inSteps: Way = (sender) => oneByOne(sender, effort.steps);
    try {
      const events = await measure(subscriptions.event, { 'at once': atOnce, 'event by event': inSteps });
      const things = await measure(subscriptions.things, { 'at once, with what is read for each': atOnce });
      return { rows: [...events.rows, ...things.rows], counts: events.counts };
    } finally {
      await listeners.stop();
      await broadcast.stop();
    }
  },
};

type Way = (sender: Sender) => Promise<Received>;

async function startAudience(url: string, subscribe: string | null): Promise<BenchProcess<unknown>> {
  const audience = await startProcess('clients/subscribers.ts');
  await audience.ask('open', { url, sockets, subscribe } satisfies Audience);
  return audience;
}

let made = 0;

const makeDevices = (url: string) => async (count: number) => {
  const inputs = Array.from({ length: count }, () => {
    made += 1;
    return { site: { name: 'Site 0' }, hostname: `event-${String(made).padStart(8, '0')}` };
  });
  const { data } = await ask(url, JSON.stringify({ query: mutation, variables: { inputs } }));
  expectSame('making devices', { deviceCreateMany: { __typename: 'DeviceCreateManySuccess' } }, data);
};

/** Sends some events and looks at every frame: nothing is measured that does not deliver, and only once. */
async function examine(
  sender: Sender,
  url: string,
  { burst: events }: Effort,
): Promise<{ frame: string; counts: Count[] }> {
  const before = await executions(url);
  const { bytes, frames, fewest, most } = await burst(sender, events);
  const executed = ((await executions(url)) - before) / events;
  const texts = await sender.audience.ask<string[]>('texts');
  const numbers = texts.map((text) => sequenceOf(text));
  if (fewest !== events || most !== events || numbers.some((number, index) => number !== (numbers[0] ?? 0) + index))
    throw new DifferentAnswers('frames of each subscription', { events }, { fewest, most, numbers });
  if (executed !== 1) throw new DifferentAnswers('executions for one event', 1, executed);
  const benchmark = `${sockets} equal subscriptions`;
  return {
    frame: texts.at(-1) ?? '',
    counts: [
      { benchmark, what: 'execution of the document for one event', value: executed },
      { benchmark, what: 'bytes a frame', value: Math.round(bytes / frames) },
    ],
  };
}

function sequenceOf(text: string): number {
  const { payload } = JSON.parse(text) as { payload: { data: { deviceChanged: { sequence: string } } } };
  return Number(payload.data.deviceChanged.sequence);
}

/** How often the gateway has executed a document for an item of a stream. */
async function executions(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^gatehouse_live_executions_total (\d+)/m.exec(text)?.[1]);
}

const contender = (sender: Sender, send: Way): Contender => ({
  name: sender.name,
  async measure(): Promise<Sample> {
    const cpu = await sender.server.cpu();
    const begun = performance.now();
    const { frames } = await send(sender);
    const seconds = (performance.now() - begun) / 1000;
    return { rate: frames / seconds, cpu: ((await sender.server.cpu()) - cpu) / frames };
  },
});

async function burst({ audience, send }: Sender, frames: number): Promise<Received> {
  await audience.ask('reset');
  const [received] = await Promise.all([audience.ask<Received>('reach', frames * sockets), send(frames)]);
  return received;
}

/** The next event begins when the last of all sockets has the one before it. */
async function oneByOne({ audience, send }: Sender, frames: number): Promise<Received> {
  await audience.ask('reset');
  let received: Received = { frames: 0, bytes: 0, fewest: 0, most: 0 };
  for (let count = 1; count <= frames; count += 1)
    [received] = await Promise.all([audience.ask<Received>('reach', count * sockets), send(1)]);
  return received;
}
