import { setTimeout as pause } from 'node:timers/promises';
import cliProgress from 'cli-progress';
import type { Runner } from '#commands/runner.ts';
import type { Terminal } from '#commands/terminal.ts';
import { presentStates } from '#kernel/present.ts';
import { type ImportProgress, importProgress } from '#resolvers/network/imports/inventory-import.ts';

type Show = (progress: ImportProgress) => void;

/** Milliseconds between two questions to a running gateway. */
const interval = 500;

/** Shows how far the next import is: told by it in this process, asking for it elsewhere. @returns how to stop. */
export function watchImport(runner: Runner, show: Show): () => void {
  if (runner.gateway) {
    const { type } = importProgress;
    const states = runner.gateway.context().use(presentStates);
    return states.listen((told) => told.type === type && show(told.state as ImportProgress));
  }
  const stopping = new AbortController();
  void ask(runner, show, stopping.signal);
  return () => stopping.abort();
}

interface Newest {
  readonly id: string;
  readonly state: string;
  readonly progress: ImportProgress;
}

/** Looks at the newest import of the caller. What goes wrong here is not worth an error: the import itself will tell. */
async function ask(runner: Runner, show: Show, signal: AbortSignal): Promise<void> {
  const newest = async (): Promise<Newest | undefined> => {
    const { inventoryImports } = await runner.run<{ inventoryImports: { nodes: Newest[] } }>(
      '{ inventoryImports(first: 1) { nodes { id state progress { phase done total } } } }',
    );
    return inventoryImports.nodes[0];
  };
  try {
    const before = await newest();
    while (!signal.aborted) {
      const now = await newest();
      if (!signal.aborted && now && now.id !== before?.id) show(now.progress);
      await pause(interval, undefined, { signal });
    }
  } catch {
    // Without the right to list imports there is no progress to show.
  }
}

interface ImportBar {
  readonly show: Show;
  end(): void;
}

const phases: Readonly<Record<ImportProgress['phase'], string>> = {
  READ: 'reading',
  VALIDATE: 'checking',
  APPLY: 'writing',
  DONE: 'done',
};

/** A bar where somebody watches, a line for each phase where nobody does. */
export function importBar(terminal: Terminal, quiet: boolean): ImportBar {
  if (quiet) return { show: () => {}, end: () => {} };
  const { screen } = terminal;
  if (!screen) return phaseLines(terminal);
  const bar = new cliProgress.SingleBar({
    format: '{bar} {phase} {value}/{total} rows',
    stream: screen,
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
  });
  let begun = false;
  return {
    show({ phase, done, total }) {
      if (begun) bar.setTotal(total);
      else bar.start(total, done, { phase: phases[phase] });
      begun = true;
      bar.update(done, { phase: phases[phase] });
    },
    end: () => {
      if (begun) bar.stop();
    },
  };
}

function phaseLines(terminal: Terminal): ImportBar {
  let last: ImportProgress['phase'] | null = null;
  return {
    show({ phase, total }) {
      if (phase === last || phase === 'DONE') return;
      last = phase;
      terminal.err(`${phases[phase]}${total > 0 ? ` ${total} rows` : ''}\n`);
    },
    end: () => {},
  };
}
