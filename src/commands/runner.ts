import { CommandFailure, type ShownError } from '#commands/failure.ts';
import type { Gateway } from '#gateway';

/** What a command does is one document of the graph; where it runs is the runner's affair. */
export interface Runner {
  /**
   * Runs a query or a mutation.
   * @throws CommandFailure with every error of the answer.
   */
  run<Data>(document: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>;
  /** The gateway in this process, for what no document can do; null when it is elsewhere. */
  readonly gateway: Gateway | null;
  /** Events after a cursor, or from now on, until the signal is aborted. */
  follow(wanted: Followed, signal: AbortSignal): AsyncIterable<FollowedItem>;
  close(): Promise<void>;
}

export interface Followed {
  readonly filter: Readonly<Record<string, unknown>>;
  readonly after: string | null;
}

/** An event as commands show it. */
export interface ShownEvent {
  readonly id: string;
  readonly sequence: string;
  readonly cursor: string;
  readonly name: string;
  readonly occurredAt: string;
  readonly subjectId: string | null;
  readonly actor: { readonly name: string };
  readonly data: unknown;
}

/** An event, or what is said in place of events that are missing. */
export type FollowedItem = { readonly event: ShownEvent } | { readonly missing: string };

export const eventFields = 'id sequence cursor name occurredAt subjectId actor { name } data';

interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The errors of an answer as a failure. */
export function answerFailure(errors: readonly GraphqlError[]): CommandFailure {
  return new CommandFailure(
    errors.map(({ message, extensions = {} }): ShownError => {
      const { code, path } = extensions;
      return {
        code: typeof code === 'string' ? code : 'INTERNAL',
        message,
        ...(Array.isArray(path) && { path: path as string[] }),
      };
    }),
  );
}

/** What a mutation that refused answers with, of whatever type. */
interface Refusal {
  readonly __typename: string;
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
  readonly fields?: readonly { readonly path: readonly string[]; readonly message: string }[];
  readonly blockers?: readonly { readonly type: string; readonly naturalKey: string }[];
  readonly blockerCount?: number;
}

/** Selects what is shown of the blockers, for mutations that things may stand in the way of. */
export const blockersFields = '... on InUseError { blockers { type naturalKey } blockerCount }';

/**
 * Runs a mutation of the usual form and gives its success.
 * @param fields selected of the success.
 * @param more further members of its union.
 * @throws CommandFailure when it refused.
 */
export async function mutate<Success>(
  runner: Runner,
  name: string,
  fields: string,
  input: Readonly<Record<string, unknown>>,
  more = '',
): Promise<Success> {
  const noun = (name[0] ?? '').toUpperCase() + name.slice(1);
  const document = `mutation ($input: ${noun}Input!) {
    result: ${name}(input: $input) {
      __typename
      ... on ${noun}Success { ${fields} }
      ... on Error { code message path }
      ... on InputError { fields { path message } }
      ${more}
    }
  }`;
  const { result } = await runner.run<{ result: Success | Refusal }>(document, { input });
  if ('code' in (result as object)) throw new CommandFailure([toShown(result as Refusal)], undefined, result as object);
  return result as Success;
}

function toShown({ code, message, path, fields = [], blockers = [], blockerCount = 0 }: Refusal): ShownError {
  const several = fields.length > 1;
  const details = several
    ? fields.map((fault) => `${fault.path.join('.')}: ${fault.message}`)
    : blockers.map(({ type, naturalKey }) => `${type} ${naturalKey}`);
  const unseen = blockerCount - blockers.length;
  return {
    code,
    message: several ? `${fields.length} fields are at fault.` : message,
    path: several ? [] : path,
    details: unseen > 0 && blockers.length > 0 ? [...details, `and ${unseen} more`] : details,
  };
}
