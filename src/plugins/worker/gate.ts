import { cpus, freemem } from 'node:os';

/** What the machine does at one moment. */
export interface Load {
  /** Sums over all cores, in milliseconds since the machine started. */
  readonly busy: number;
  readonly all: number;
  readonly freeMemory: number;
}

export function readLoad(): Load {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  return { busy: all - idle, all, freeMemory: freemem() };
}

/** Over how many milliseconds the load of the cores is averaged. */
const span = 60_000;

/** Says when a machine is too busy to begin more. */
export class Gate {
  readonly #limits: { readonly maxCpu: number; readonly minFreeMemory: number };
  readonly #read: () => Load;
  readonly #seen: { readonly at: number; readonly load: Load }[] = [];

  /** @param limits.maxCpu percent of all cores; `minFreeMemory` in bytes. */
  constructor(limits: { readonly maxCpu: number; readonly minFreeMemory: number }, read: () => Load = readLoad) {
    this.#limits = limits;
    this.#read = read;
  }

  /** Why no more is begun now; null when there is no reason. To be asked at every look. */
  closed(now: number): string | null {
    const load = this.#read();
    this.#seen.push({ at: now, load });
    while (this.#seen.length > 2 && (this.#seen[1]?.at ?? now) <= now - span) this.#seen.shift();
    const first = this.#seen[0]?.load ?? load;
    const cpu = load.all > first.all ? ((load.busy - first.busy) / (load.all - first.all)) * 100 : 0;
    // An average over a moment says nothing: a minute must have been seen.
    const isKnown = now - (this.#seen[0]?.at ?? now) >= span;
    if (isKnown && cpu > this.#limits.maxCpu) return `the processors are busy at ${Math.round(cpu)} %`;
    const free = Math.round(load.freeMemory / 1024 / 1024);
    return load.freeMemory < this.#limits.minFreeMemory ? `${free} MiB of memory are free` : null;
  }
}
