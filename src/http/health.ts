import type { Context } from '#kernel/context.ts';
import type { Logger } from '#kernel/log.ts';
import type { ReadinessCheck } from '#kernel/plugin.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

interface CheckResult {
  readonly ok: boolean;
  /** Present for checks that never make the gateway unready. */
  readonly advisory?: true;
  readonly milliseconds: number;
}

/** Milliseconds that a check may take. */
const patience = 5000;

/**
 * Asks all checks at once. Those who ask while a round is under way share it, so that asking often costs no more than
 * asking once. The reason of a failure is in the log alone: anybody may ask.
 * @param isDraining makes the gateway unready whatever the checks say.
 */
export function createReadiness(parts: {
  readonly checks: readonly ReadinessCheck[];
  readonly context: () => Context;
  readonly log: Logger;
  readonly isDraining: () => boolean;
}): () => Promise<Readiness> {
  let underWay: Promise<Readiness> | null = null;

  async function round(): Promise<Readiness> {
    const results = await Promise.all(parts.checks.map(async (check) => [check.name, await ask(check)] as const));
    const ready = results.every(([, result]) => result.ok || result.advisory);
    return { ready: ready && !parts.isDraining(), checks: Object.fromEntries(results) };
  }

  async function ask(check: ReadinessCheck): Promise<CheckResult> {
    const begun = performance.now();
    const ok = await withinPatience(check.check(parts.context())).then(
      () => true,
      (error: unknown) => {
        parts.log.warn({ err: error, check: check.name }, 'A readiness check failed.');
        return false;
      },
    );
    return { ok, ...(check.advisory && { advisory: true }), milliseconds: Math.round(performance.now() - begun) };
  }

  return () => {
    underWay ??= round().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

async function withinPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${patience} ms.`)), patience);
    timer.unref();
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
