import type { AppendedEvent } from '#kernel/event.ts';
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
  /** The permission texts to which the credential narrows the account's rights, where it does. */
  readonly narrowedTo?: readonly string[];
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
  /** Whether the client speaks TLS, to this process or to a trusted proxy before it. */
  readonly secure?: boolean;
  /** Headers for the answer, where there will be one: a cookie that was extended, or is no longer good. */
  readonly responseHeaders?: Headers;
}

/** Who a credential speaks for, before the account is looked at. */
export interface Principal {
  readonly accountId: string;
  readonly credential: Credential;
  /** Narrows the account's rights to these permission texts. */
  readonly permissions?: readonly string[];
  /** Names of roles that the credential adds while it is good; one that does not exist adds nothing. */
  readonly roles?: readonly string[];
  /** True when the credential rests on a password: it waits while a change of password is demanded. */
  readonly byPassword?: boolean;
}

export type Renewal = { readonly principal: Principal } | { readonly ended: string };

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
  /**
   * The principal it answered with earlier as he is now, with the instant until which he is good, or why he is none any
   * more (`Session ended`).
   */
  renew(principal: Principal): Promise<Renewal>;
}

export const credentialReaders = defineManyPort<CredentialReader>('credentialReader');

/** Whose rights or credentials an event may change. */
export type Affected =
  | { readonly who: 'everyone' }
  | { readonly who: 'account'; readonly id: string }
  | { readonly who: 'credential'; readonly id: string };

/** Turns requests into viewers, and tells what became of a viewer. */
export interface Authenticator {
  /** @throws AuthenticationError for a credential that nobody recognises or that is not good. */
  authenticate(request: CredentialRequest): Promise<Viewer>;
  /** The viewer as he is now, with his present rights, or the reason why he is none any more. */
  refresh(viewer: Viewer): Promise<{ viewer: Viewer } | { ended: string }>;
  /**
   * Told every event at its commit in this process, and once in log order before it is delivered: drops what it keeps
   * in memory of whom the event concerns, and says who must be looked at again. Null for events that are not about
   * identity.
   */
  affects(event: AppendedEvent): Affected | null;
  /** The challenges for an answer 401. */
  readonly challenges: readonly string[];
}

export const authenticator = definePort<Authenticator>('authenticator');
