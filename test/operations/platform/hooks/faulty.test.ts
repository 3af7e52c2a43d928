import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, type StoredEvent } from '#kernel/event.ts';
import { definePlugin } from '#plugins/define.ts';
import { openHooks } from '../../../support/hooks.ts';
import { openReceiver } from '../../../support/receiver.ts';

const fault = ({ data }: StoredEvent) => (data as { fault: string }).fault;

/** Its definition fails at some of its events. */
const told = defineEvent('lab.thing.told', z.object({ n: z.number(), fault: z.string() }), {
  description: 'Something was told.',
  subject: null,
  seenWith: 'lab:read',
  async show(_, events) {
    if (events.some((event) => fault(event) === 'show')) throw new Error('cannot be shown');
    return events;
  },
  hookData(event) {
    if (fault(event) === 'render') throw new Error('cannot be rendered');
    return { n: (event.data as { n: number }).n };
  },
});

const lab = definePlugin({
  name: 'lab',
  version: '1.0.0',
  description: 'Tells things.',
  permissions: [{ name: 'lab', description: 'Things.', scope: 'none', verbs: { read: { description: 'See them.' } } }],
  events: [told],
});

test('events that their own plugin cannot show or render do not hold up the others', async () => {
  await using receiver = await openReceiver();
  await using house = await openHooks({ more: [lab] });
  const ann = await house.hooker('hook:write', 'lab:read');
  const hook = await ann.hook({ event: 'lab.*', target: receiver.url, globalHook: true });
  await house.system.atomically(async (ctx) => {
    for (const [n, wrong] of ['', 'show', 'render', ''].entries())
      ctx.events.append(told, { n, fault: wrong }, { scope: {} });
  });
  await house.settled(hook.id, ['SUCCEEDED', 'SUCCEEDED']);
  expect(receiver.received.map(({ json }) => json.data)).toEqual([{ n: 0 }, { n: 3 }]);
});
