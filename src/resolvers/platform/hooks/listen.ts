import type { StoredEvent } from '#kernel/event.ts';
import { fromGlobalId } from '#kernel/id.ts';
import type { Listener } from '#kernel/listener.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { hookInterest } from '#resolvers/platform/hooks/interest.ts';
import { makeDeliveries } from '#resolvers/platform/hooks/make.ts';
import { isMeant } from '#resolvers/platform/hooks/matching.ts';
import { isHookable, patternsFor } from '#resolvers/platform/hooks/pattern.ts';
import { hookWake } from '#resolvers/platform/hooks/wake.ts';

/** Events that begin the listening of a hook: what comes after them in the log concerns it. */
const beginnings: ReadonlySet<string> = new Set(['platform.hook.created', 'platform.hook.enabled']);

/** Makes the deliveries of hooks, once for each event. */
export const hookListener: Listener = {
  name: 'platform.hooks',
  events: ['*'],
  interest(ctx) {
    const interest = ctx.use(hookInterest);
    return (event) => interest.wants(event);
  },
  async handle(ctx, events) {
    const hooks = ctx.use(hookStore);
    for (const { id, sequence } of begun(events)) await hooks.arm(id, sequence);
    const patterns = new Map([...namesOf(events)].filter(isHookable).map((name) => [name, patternsFor(name)]));
    if (patterns.size === 0) return;
    const learn = ctx.use(hookInterest).look();
    const listening = await hooks.listening([...new Set([...patterns.values()].flat())]);
    const known = new Set(listening.map(({ event }) => event));
    learn([...patterns].filter(([, fitting]) => !fitting.some((pattern) => known.has(pattern))).map(([name]) => name));
    const wanted = listening.map((hook) => ({
      hook,
      events: events.filter(
        (event) => hook.listensAfter !== null && event.sequence > hook.listensAfter && isMeant(hook, event),
      ),
    }));
    const count = await makeDeliveries(
      ctx,
      wanted.filter(({ events }) => events.length > 0),
    );
    if (count > 0) ctx.use(hookWake).due();
  },
};

const namesOf = (events: readonly StoredEvent[]) => new Set(events.map(({ name }) => name));

const begun = (events: readonly StoredEvent[]) =>
  events.flatMap(({ name, subject, sequence }) => {
    const id = beginnings.has(name) ? fromGlobalId(subject ?? '')?.id : undefined;
    return id === undefined ? [] : [{ id, sequence }];
  });
