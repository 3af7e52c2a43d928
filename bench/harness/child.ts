/** The side of a process of its own, started by `startProcess`: it says when it is ready and then answers questions. */

type Answers = Readonly<Record<string, (question: never) => unknown>>;

export interface Question {
  readonly number: number;
  readonly name: string;
  readonly question: unknown;
}

export type Message =
  | { readonly ready: unknown }
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly error: string };

/** What the process was started with. */
export const given = <Options>(): Options => JSON.parse(process.argv[2] ?? '{}') as Options;

/**
 * Answers the parent until it says `stop` or is gone. `cpu` is answered for everybody: the microseconds of processor
 * time that this process has used, all its threads together.
 * @param ready told to the parent first, such as the address that the process listens on.
 */
export function answerParent(ready: unknown, answers: Answers, stop: () => Promise<void> | void): void {
  const all: Answers = { cpu: processorTime, ...answers };
  process.on('message', async ({ number, name, question }: Question) => {
    if (name === 'stop') return end(stop);
    try {
      tell({ number, answer: (await all[name]?.(question as never)) ?? null });
    } catch (error) {
      tell({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(1));
  tell({ ready });
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function end(stop: () => Promise<void> | void): Promise<void> {
  await stop();
  process.exit(0);
}

function tell(message: Message): void {
  process.send?.(message);
}
