import { PayloadTooLargeError } from '#kernel/errors.ts';

/** The texts of a body that is a JSON object or a form; nothing for a body that is neither. */
export async function readTexts(request: Request): Promise<ReadonlyMap<string, string>> {
  const type = request.headers.get('content-type') ?? '';
  try {
    const entries = type.includes('form')
      ? [...((await request.formData()) as Iterable<[string, unknown]>)]
      : Object.entries((await request.json()) as object);
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch (error) {
    if (error instanceof PayloadTooLargeError) throw error;
    return new Map();
  }
}

/** A JSON answer that holds what nobody on the way may keep. */
export const secretJson = (body: unknown, status = 200): Response =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
