import { ConfigError } from '#kernel/config.ts';
import { errorCatalogue, GatehouseError, InputError } from '#kernel/errors.ts';

/** Exit codes: what was asked for is done; was refused or failed; was asked for wrongly; is done in part. */
export const exits = { done: 0, failed: 1, usage: 2, partly: 3 } as const;

/** One error as a person sees it. */
export interface ShownError {
  readonly code: string;
  readonly message: string;
  /** The part of the input at fault. */
  readonly path?: readonly (string | number)[];
  /** Faults of single fields, and what stands in the way. */
  readonly details?: readonly string[];
}

/** Ends a command with errors to show. */
export class CommandFailure extends Error {
  readonly errors: readonly ShownError[];
  readonly exit: number;
  /** What the mutation that refused answered, for commands that show more of it. */
  readonly answer: object | null;

  constructor(errors: readonly ShownError[], exit: number = exits.failed, answer: object | null = null) {
    super(errors.map(({ message }) => message).join(' '));
    this.name = 'CommandFailure';
    this.errors = errors;
    this.exit = exit;
    this.answer = answer;
  }
}

/** The command was asked for in a way that means nothing. */
export const misuse = (message: string): CommandFailure =>
  new CommandFailure([{ code: 'USAGE', message }], exits.usage);

export const failure = (code: string, message: string): CommandFailure => new CommandFailure([{ code, message }]);

/** Whatever was thrown, as something to show. Faults of the program itself keep their stack. */
export function toFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof ConfigError)
    return new CommandFailure(
      error.faults.map(({ path, message }) => ({ code: 'CONFIG', message, path: path === '' ? [] : path.split('.') })),
    );
  if (error instanceof GatehouseError) {
    const details = error instanceof InputError ? error.fields.slice(1).map(({ message }) => message) : [];
    const message = error instanceof InputError ? (error.fields[0]?.message ?? error.message) : error.message;
    return new CommandFailure([{ code: error.code, message, path: error.path, details }]);
  }
  if (error instanceof Error && error.name === 'PluginError') return failure('PLUGIN', error.message);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return failure('INTERNAL', text);
}

/** Remedies that commands know better. */
const ownRemedies: Readonly<Record<string, string>> = {
  CONFIG: 'Correct the config, then look with `gatehouse config check`.',
  IMPORT_REJECTED: 'Correct the rows, or import the others with --on-error skip.',
  UNREACHABLE: 'Start the gateway there, or leave --url out to work on its database.',
};

const remedies = new Map(errorCatalogue.map(({ code, remedy }) => [code, remedy]));

/** The lines of errors: code and sentence, where, what else, and once for all of a kind what to do. */
export function showErrors(errors: readonly ShownError[]): string {
  return errors.map((error, index) => showError(error, errors[index + 1]?.code !== error.code)).join('');
}

function showError({ code, message, path = [], details = [] }: ShownError, withRemedy: boolean): string {
  const remedy = ownRemedies[code] ?? remedies.get(code);
  const lines = [
    `${code}: ${message}`,
    ...(path.length > 0 ? [`  at ${path.join('.')}`] : []),
    ...details.map((detail) => `  ${detail}`),
    ...(remedy && withRemedy ? [`  ${remedy}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
