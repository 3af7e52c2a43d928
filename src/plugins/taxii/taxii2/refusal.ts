import { STATUS_CODES } from 'node:http';
import type { DoorCall } from '#kernel/door-call.ts';
import { type GatehouseError, ThrottledError } from '#kernel/errors.ts';
import { answer } from '#plugins/taxii/taxii2/answer.ts';

/** What is wrong with which parameter of a query. */
export type ParameterFaults = ReadonlyMap<string, readonly string[]>;

/** A request whose form is refused: thrown by what has no other way to say so. */
export class FormRefusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: ParameterFaults | null;

  constructor(
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    faults: ParameterFaults | null = null,
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.faults = faults;
  }

  /** Parameters that cannot be understood. */
  static of(faults: ParameterFaults): FormRefusal {
    const told = [...faults].flatMap(([name, texts]) => texts.map((text) => `${name}: ${text}`));
    return new FormRefusal(400, told.join('; '), {}, faults);
  }

  get code(): string {
    return this.status === 404 ? 'NOT_FOUND' : 'BAD_USER_INPUT';
  }
}

const titles: Readonly<Record<number, string>> = { 400: 'validation error', 413: 'Request Entity Too Large' };

/** The error resource for whatever was thrown. */
export function refused(call: DoorCall, error: unknown): Response {
  const known = error instanceof FormRefusal ? error : call.mask(error);
  const { status, code, message } = known;
  const faults = known instanceof FormRefusal ? known.faults : null;
  const response = answer(status, {
    title: titles[status] ?? STATUS_CODES[status] ?? 'Error',
    description: message,
    http_status: String(status),
    error_code: code,
    error_id: call.ctx.request.id,
    ...(faults && { details: Object.fromEntries(faults) }),
  });
  for (const [name, value] of Object.entries(known instanceof FormRefusal ? known.headers : headersOf(known)))
    response.headers.set(name, value);
  if (status === 401) for (const one of call.challenges) response.headers.append('www-authenticate', one);
  return response;
}

const headersOf = (error: GatehouseError): Readonly<Record<string, string>> =>
  error instanceof ThrottledError ? { 'retry-after': String(Math.ceil(error.retryAfter)) } : {};
