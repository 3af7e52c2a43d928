import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { eventWord } from '#resolvers/platform/hooks/pattern.ts';

export const hookPayloads = ['NSOT', 'STANDARD', 'THIN'] as const;
export type HookPayload = (typeof hookPayloads)[number];

/** What of a hook its bodies depend on. */
export interface BodyForm {
  readonly number: number;
  /** Its pattern. */
  readonly event: string;
  readonly target: string;
  readonly payload: HookPayload;
  readonly includeChange: boolean;
}

/** What of an event goes into a body. */
export type BodyEvent = Omit<StoredEvent, 'sequence' | 'epoch'>;

/**
 * The body of a delivery: for NSOT byte for byte what NSoT sent, for STANDARD the envelope of Standard Webhooks, for THIN
 * the same with nothing in it but ids.
 * @param event as the owner of the hook is shown it.
 */
export function renderBody(hook: BodyForm, event: BodyEvent, definition: EventDefinition): string {
  const data = definition.hookData ? definition.hookData(event as StoredEvent) : event.data;
  switch (hook.payload) {
    case 'NSOT': {
      const { target, number, event: pattern } = hook;
      return write({ hook: { target, id: number, event: eventWord(pattern, event.name) }, data });
    }
    case 'STANDARD': {
      const change = hook.includeChange ? { before: event.before, after: event.after } : {};
      return write({ ...envelope(event), data, ...change });
    }
    case 'THIN': {
      const eventId = toGlobalId(definition.type, event.id);
      return write({ ...envelope(event), data: { id: event.subject, eventId } });
    }
  }
}

const envelope = ({ name, occurredAt }: BodyEvent) => ({ type: name, timestamp: occurredAt });

const secretKeys: ReadonlySet<string> = new Set([
  'authorization',
  'authstring',
  'password',
  'passwordhash',
  'secret',
  'secretkey',
  'secretkeyhash',
  'token',
]);

/** JSON without what is secret by its name, however that is written: what a domain forgot to leave out stays here. */
const write = (value: unknown): string =>
  JSON.stringify(value, (key, inner) => (inner !== null && isSecret(key) ? '***' : inner));

const isSecret = (key: string): boolean => secretKeys.has(key.replace(/[_-]/g, '').toLowerCase());
