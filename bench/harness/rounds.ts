/** One of those that are measured beside each other. */
export interface Contender {
  readonly name: string;
  /** Does the work once, for about as long as every other. */
  measure(): Promise<Sample>;
}

export interface Sample {
  /** Units of work a second. */
  readonly rate: number;
  /** Microseconds of processor time of the server process for one unit of work. */
  readonly cpu: number;
}

/** How often everything is done. */
export interface Repetition {
  readonly rounds: number;
  /** Rounds before them that do not count, in which code is compiled and caches are filled. */
  readonly warmUp: number;
}

/**
 * Measures contenders by turns, in rounds that each begin with another one: so that a moment in which the machine is
 * busy, or a place in the order, is nobody's advantage.
 */
export async function interleave(
  contenders: readonly Contender[],
  { rounds, warmUp }: Repetition,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    const first = Math.max(round, 0) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const sample = await contender.measure();
      if (round >= 0) samples.get(contender.name)?.push(sample);
    }
  }
  return samples;
}
