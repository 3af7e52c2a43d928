import type { RequestFacts } from '#kernel/context.ts';
import type { AppendedEvent, AppendOptions, EventDefinition } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** Whose event it is, when, and in which unit of work. */
interface Origin {
  readonly viewer: Viewer;
  readonly request: RequestFacts;
  readonly occurredAt: string;
  readonly tx: string;
  /** The most bytes of an event row. */
  readonly maxBytes: number;
}

/**
 * The row for an event. Where it would be too large, it goes without `before` and `after`.
 * @throws Error when its data alone is too large, or is not what the definition says.
 */
export function toAppended<Data>(
  { viewer, request, occurredAt, tx, maxBytes }: Origin,
  definition: EventDefinition<Data>,
  data: Data,
  options: AppendOptions,
): AppendedEvent {
  const event: AppendedEvent = {
    id: options.id ?? newId(),
    name: definition.name,
    subject: options.subject ?? null,
    scope: options.scope,
    actor: {
      account: viewer.id,
      name: viewer.name,
      credential: viewer.credential?.kind ?? null,
      ...jobOf(viewer),
      address: request.address,
    },
    occurredAt,
    data: definition.data.parse(data),
    before: options.before ?? null,
    after: options.after ?? null,
    traceparent: request.traceparent,
    tx,
    retain: options.retain ?? definition.retain,
    truncated: false,
  };
  if (byteLength(event) <= maxBytes) return event;
  const slim = { ...event, before: null, after: null, truncated: true };
  if (byteLength(slim) <= maxBytes) return slim;
  throw new Error(`The data of ${definition.name} is larger than events.maxBytes (${maxBytes}).`);
}

const byteLength = (event: AppendedEvent): number => Buffer.byteLength(JSON.stringify(event));

/** A job's credential is the job itself. */
const jobOf = ({ credential }: Viewer): { readonly job?: string } =>
  credential?.kind === 'JOB' && credential.id !== null ? { job: credential.id } : {};
