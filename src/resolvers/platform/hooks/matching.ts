import type { StoredEvent } from '#kernel/event.ts';
import { factValues } from '#kernel/permission.ts';
import { isHookable, patternsFor } from '#resolvers/platform/hooks/pattern.ts';

/** What a hook wants to be told of. */
export interface HookWish {
  readonly ownerId: string;
  /** Its pattern. */
  readonly event: string;
  /** Whether what others do counts too. */
  readonly globalHook: boolean;
  /** Any of these facts; none: wherever it is. */
  readonly scope: readonly { readonly kind: string; readonly value: string }[];
  /** Global id, or the event's own text; null: whatever it is about. */
  readonly subject: string | null;
}

/** Whether an event is meant by a hook. Whether its owner may see it is another question. */
export function isMeant(hook: HookWish, event: Pick<StoredEvent, 'name' | 'subject' | 'scope' | 'actor'>): boolean {
  if (!isHookable(event.name) || !patternsFor(event.name).includes(hook.event)) return false;
  if (!hook.globalHook && event.actor.account !== hook.ownerId) return false;
  if (hook.subject !== null && event.subject !== hook.subject) return false;
  return hook.scope.length === 0 || hook.scope.some(({ kind, value }) => factValues(event.scope[kind]).includes(value));
}
