import { setTimeout as pause } from 'node:timers/promises';
import { answerFailure, eventFields, type FollowedItem, type Runner, type ShownEvent } from '#commands/runner.ts';
import { createGateway, type Gateway } from '#gateway';
import { readConfigFile } from '#kernel/config-file.ts';
import { createLogger } from '#kernel/log.ts';

/** Milliseconds between two looks at the log. */
const poll = 500;

/** How many events are read at once. */
const page = 500;

/** What a gateway in this process is made from. */
export interface LocalOptions {
  readonly configFile: string | undefined;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A gateway in this process that opens no port and runs no task: it works as the system. */
export async function openLocal({ configFile, folder, environment }: LocalOptions): Promise<Runner> {
  const file = await readConfigFile(configFile, folder);
  const gateway = await createGateway({
    config: file.content as Record<string, unknown>,
    folder: file.folder,
    environment,
    log: createLogger('warn'),
  });
  return { ...runnerOn(gateway), close: () => gateway.dispose() };
}

/** A runner on a gateway that somebody else ends. */
export function runnerOn(gateway: Gateway): Runner {
  const run: Runner['run'] = async <Data>(document: string, variables: Readonly<Record<string, unknown>> = {}) => {
    const { data, errors } = await gateway.execute({ document, variables });
    if (errors) throw answerFailure(errors);
    return data as Data;
  };
  return {
    run,
    gateway,
    close: async () => {},
    async *follow({ filter, after }, signal): AsyncGenerator<FollowedItem> {
      let cursor = after ?? (await run<{ eventLog: { cursor: string } }>('{ eventLog { cursor } }')).eventLog.cursor;
      while (!signal.aborted) {
        // The list begins with the newest: what comes before the cursor came after it.
        const { events } = await run<{ events: { nodes: ShownEvent[] } }>(
          `query ($filter: EventFilter, $cursor: String, $page: Int) {
            events(filter: $filter, last: $page, before: $cursor) { nodes { ${eventFields} } }
          }`,
          { filter, cursor, page },
        );
        for (const event of events.nodes.toReversed()) {
          cursor = event.cursor;
          yield { event };
        }
        if (events.nodes.length < page) await pause(poll, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
