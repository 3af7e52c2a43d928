import { failure } from '#commands/failure.ts';
import type { Runner } from '#commands/runner.ts';

/**
 * Reads the etag of an account or a role just before it is changed: a change between the two is refused.
 * @throws CommandFailure when there is none that the viewer may see.
 */
export async function readEtag(
  runner: Runner,
  noun: 'account' | 'role',
  by: Readonly<Record<string, string>>,
): Promise<string> {
  const type = noun === 'account' ? 'AccountKey' : 'RoleKey';
  const document = `query ($by: ${type}!) { found: ${noun}(by: $by) { etag } }`;
  const { found } = await runner.run<{ found: { etag: string } | null }>(document, { by });
  if (!found) throw failure('NOT_FOUND', `${noun} [${Object.values(by)[0]}] not found`);
  return found.etag;
}
