import type { RequestFacts } from '#kernel/context.ts';
import type { CredentialRequest } from '#kernel/viewer.ts';

/** Who is at the other end of a stream, as the server sees it. */
export interface Caller {
  readonly facts: RequestFacts;
  /** What the readers of credentials are shown. @param payload of `connection_init`, on sockets. */
  credentials(payload: Readonly<Record<string, unknown>> | null): CredentialRequest;
}
