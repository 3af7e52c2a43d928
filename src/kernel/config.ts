import { z } from 'zod';

/** A part of the config that one plugin or room owns. `path` is dotted; `''` is the top. */
export interface ConfigSection {
  readonly path: string;
  readonly owner: string;
  readonly schema: z.ZodObject;
}

/** A config after all checks: the value of each section by its path. */
export interface Config {
  section(path: string): Record<string, unknown>;
  /** All values as one tree, secrets masked: what `gatehouse config print` shows. */
  print(): Record<string, unknown>;
}

export interface ConfigFault {
  readonly path: string;
  readonly message: string;
}

/** Everything that is wrong with a config, at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(
      ['The config is not usable:', ...faults.map(({ path, message }) => `  ${path || '(top)'}: ${message}`)].join(
        '\n',
      ),
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** The keys of a section. Unknown ones are refused; a section that is absent is as if empty. */
export const keys = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

/** Keys below a key. */
export const group = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never);

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration: a number of seconds or a text (`250ms 30s 15m 8h 30d`). Its value is in milliseconds. */
export const duration = () =>
  z.union([z.number().nonnegative(), z.string()]).transform((value, check) => {
    if (typeof value === 'number') return value * 1000;
    const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value.trim()) ?? [];
    if (count !== undefined) return Number(count) * (units[unit] ?? 1000);
    check.addIssue(`"${value}" is no duration: give seconds, or a text such as 250ms, 30s, 15m, 8h or 30d.`);
    return z.NEVER;
  });

/** A size: a number of bytes or a text (`64KiB 32MiB`). Its value is in bytes. */
export const size = () =>
  z.union([z.number().int().nonnegative(), z.string()]).transform((value, check) => {
    if (typeof value === 'number') return value;
    const [, count, prefix = ''] = /^(\d+)\s*(?:([KMG])i?)?B?$/i.exec(value.trim()) ?? [];
    const power = ['', 'K', 'M', 'G'].indexOf(prefix.toUpperCase());
    if (count !== undefined) return Number(count) * 1024 ** power;
    check.addIssue(`"${value}" is no size: give bytes, or a text such as 64KiB or 32MiB.`);
    return z.NEVER;
  });

/** Marks a key whose value is never printed. */
export const secret = <Schema extends z.ZodType>(schema: Schema) => schema.meta({ secret: true });
