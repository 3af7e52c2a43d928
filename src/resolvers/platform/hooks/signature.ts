import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** How the requests of a hook are signed. */
export const hookSignings = ['HMAC', 'ED25519'] as const;
export type HookSigning = (typeof hookSignings)[number];

/** A new secret in the notation of Standard Webhooks, and what receivers check Ed25519 signatures with. */
export interface NewSecret {
  /** `whsec_` and 32 bytes for HMAC, `whsk_` and seed with public key for Ed25519, in base64. */
  readonly secret: string;
  /** `whpk_` and 32 bytes in base64; null for HMAC. */
  readonly publicKey: string | null;
}

export function makeSecret(signing: HookSigning): NewSecret {
  if (signing === 'HMAC') return { secret: `whsec_${randomBytes(32).toString('base64')}`, publicKey: null };
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  return {
    secret: `whsk_${Buffer.concat([seed, point]).toString('base64')}`,
    publicKey: `whpk_${point.toString('base64')}`,
  };
}

/** What is signed: one attempt at one delivery. */
export interface SignedContent {
  readonly webhookId: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The header `webhook-signature`: one signature for each secret that is good at present, in their order.
 * @throws Error for a text that is no secret; it does not hold the text.
 */
export const signatureHeader = (secrets: readonly string[], content: SignedContent): string =>
  secrets.map((secret) => signatureOf(secret, content)).join(' ');

function signatureOf(secret: string, { webhookId, timestamp, body }: SignedContent): string {
  const text = Buffer.from(`${webhookId}.${timestamp}.${body}`);
  const [kind, key] = [
    secret.slice(0, secret.indexOf('_')),
    Buffer.from(secret.slice(secret.indexOf('_') + 1), 'base64'),
  ];
  if (kind === 'whsec' && key.length > 0) return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
  if (kind === 'whsk' && key.length === 64) return `v1a,${sign(null, text, privateKey(key)).toString('base64')}`;
  throw new Error('The secret of a hook is in no known form.');
}

function privateKey(key: Buffer) {
  const [d, x] = [key.subarray(0, 32).toString('base64url'), key.subarray(32).toString('base64url')];
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new id of a delivery: `msg_` and 160 random bits in base32. Receivers know a repetition by it. */
export function newWebhookId(): string {
  const bits = [...randomBytes(20)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = bits.match(/.{5}/g) ?? [];
  return `msg_${letters.map((five) => alphabet[Number.parseInt(five, 2)]).join('')}`;
}
