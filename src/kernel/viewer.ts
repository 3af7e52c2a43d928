import { allRights, noRights, type Rights } from '#kernel/permission.ts';
import { defineManyPort, definePort } from '#kernel/port.ts';

/** What proves who a viewer is. */
export interface Credential {
  /** The reader's word for it: `SESSION`, `API_KEY`, `PROXY`, … */
  readonly kind: string;
  /** The row behind it, where there is one: it ends with that row. */
  readonly id: string | null;
  /** Milliseconds since the epoch from which it is no longer good. */
  readonly expiresAt: number | null;
}

/** The account behind a request, `anonymous`, or the gateway itself. */
export interface Viewer {
  readonly kind: 'ACCOUNT' | 'ANONYMOUS' | 'SYSTEM';
  /** Row id of the account; null for the others. */
  readonly id: string | null;
  readonly name: string;
  readonly rights: Rights;
  readonly credential: Credential | null;
  /** Set while the account may do nothing but change its password. */
  readonly mustChangePassword: boolean;
}

export const systemViewer: Viewer = {
  kind: 'SYSTEM',
  id: null,
  name: 'system',
  rights: allRights,
  credential: null,
  mustChangePassword: false,
};

export const anonymousViewer = (rights: Rights = noRights): Viewer => ({
  kind: 'ANONYMOUS',
  id: null,
  name: 'anonymous',
  rights,
  credential: null,
  mustChangePassword: false,
});

/** What a reader sees of a request or of a socket's first message. Header names are lower case. */
export interface CredentialRequest {
  /** Every value of a header, as sent. */
  header(name: string): readonly string[];
  readonly method: string;
  /** The socket's own peer, never what a header claims. */
  readonly peerAddress: string | null;
  /** The client's address after the trusted proxies. */
  readonly clientAddress: string | null;
  /** The payload of `connection_init`, on sockets. */
  readonly payload: Readonly<Record<string, unknown>> | null;
}

/** Who a credential speaks for, before the account is looked at. */
export interface Principal {
  readonly accountId: string;
  readonly credential: Credential;
  /** Narrows the account's rights to these permission texts. */
  readonly permissions?: readonly string[];
  /** True when the credential rests on a password: it waits while a change of password is demanded. */
  readonly byPassword?: boolean;
}

/** Recognises one kind of credential. */
export interface CredentialReader {
  /** Its name in `auth.chain`. */
  readonly name: string;
  /** The challenge it adds to `WWW-Authenticate`, if any. */
  readonly challenge?: string;
  /**
   * The principal, or null when the request carries no credential of this kind.
   * @throws AuthenticationError when it carries one that is not good.
   */
  read(request: CredentialRequest): Promise<Principal | null>;
  /** Whether a principal it answered with earlier is still good, and until when. Null when it ended. */
  renew(principal: Principal): Promise<Principal | null>;
}

export const credentialReaders = defineManyPort<CredentialReader>('credentialReader');

/** Turns requests into viewers, and tells what became of a viewer. */
export interface Authenticator {
  /** @throws AuthenticationError for a credential that nobody recognises or that is not good. */
  authenticate(request: CredentialRequest): Promise<Viewer>;
  /** The viewer as he is now, with his present rights, or the reason why he is none any more. */
  refresh(viewer: Viewer): Promise<{ viewer: Viewer } | { ended: string }>;
  /** The challenges for an answer 401. */
  readonly challenges: readonly string[];
}

export const authenticator = definePort<Authenticator>('authenticator');
