import { type FieldFault, InputError } from '#kernel/errors.ts';

type Tree = Readonly<Record<string, unknown>>;

/** What a client asks for, whichever the transport. */
export interface OperationRequest {
  readonly query?: string | null;
  /** The id of a trusted document, in place of its text. */
  readonly documentId?: string | null;
  readonly operationName?: string | null;
  readonly variables?: Tree | null;
  readonly extensions?: Tree | null;
}

const texts = ['query', 'documentId', 'operationName'] as const;
const trees = ['variables', 'extensions'] as const;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const kindOf = (value: unknown) => (Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`);

/**
 * The request in a message, a body or a payload that came as JSON.
 * @throws InputError naming every parameter that is unknown, of another type, or nested deeper than can be handled.
 */
export function readOperationRequest(value: unknown): OperationRequest {
  if (!isTree(value)) throw InputError.at([], `An operation is an object with a query; this is ${kindOf(value)}.`);
  const faults: FieldFault[] = [];
  for (const [name, part] of Object.entries(value)) {
    if (part == null) continue;
    if ((texts as readonly string[]).includes(name)) {
      if (typeof part !== 'string')
        faults.push({ path: [name], message: `${name} must be a text, not ${kindOf(part)}.` });
    } else if ((trees as readonly string[]).includes(name)) {
      if (!isTree(part)) faults.push({ path: [name], message: `${name} must be an object, not ${kindOf(part)}.` });
      else if (isDeeper(part, deepest))
        faults.push({ path: [name], message: `${name} may not be nested deeper than ${deepest} levels.` });
    } else
      faults.push({ path: [name], message: `${name} is no parameter: there are ${[...texts, ...trees].join(', ')}.` });
  }
  if (value.query == null && value.documentId == null && value.extensions == null)
    faults.push({ path: ['query'], message: 'Give the text of a document as query.' });
  if (faults.length > 0) throw new InputError(faults);
  return value as OperationRequest;
}

/** The parameters of a GET request. */
export function readOperationQuery(parameters: URLSearchParams): OperationRequest {
  const request: Record<string, unknown> = {};
  for (const name of texts) request[name] = parameters.get(name) || null;
  for (const name of trees) {
    const text = parameters.get(name);
    if (!text) continue;
    try {
      request[name] = JSON.parse(text);
    } catch {
      throw InputError.at([name], `${name} must be a JSON object.`);
    }
  }
  return readOperationRequest(request);
}

/** Whatever walks through a value calls itself for every level: deeper ones could exhaust the stack. */
const deepest = 100;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const key in value) if (isDeeper((value as Tree)[key], levels - 1)) return true;
  return false;
}
