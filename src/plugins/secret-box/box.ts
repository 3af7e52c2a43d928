import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { UnavailableError } from '#kernel/errors.ts';
import type { SecretBox } from '#kernel/secret-box.ts';

/**
 * Sealed texts are `v1.<key>.<nonce>.<tag and ciphertext>`: AES-256-GCM with a random nonce of 96 bits, the purpose as
 * additional data, each part in base64url. `<key>` tells which key it was, so that a change of keys needs no guessing.
 */
const version = 'v1';
const cipher = 'aes-256-gcm';
const tagBytes = 16;

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
  /** Signs, and nothing else. */
  readonly signing: Buffer;
}

/**
 * @param secrets the present one first, then earlier ones that still open what they sealed. Without any, nothing can be
 * sealed or opened.
 */
export function createSecretBox(secrets: readonly string[]): SecretBox {
  const keys = secrets.map(deriveKey);
  return {
    seal(text, purpose) {
      const [key] = keys;
      if (!key) throw new UnavailableError(noKey);
      const nonce = randomBytes(12);
      const seal = createCipheriv(cipher, key.bytes, nonce).setAAD(Buffer.from(purpose));
      const encrypted = Buffer.concat([seal.update(text, 'utf8'), seal.final()]);
      return [version, key.id, encode(nonce), encode(Buffer.concat([seal.getAuthTag(), encrypted]))].join('.');
    },
    open(sealed, purpose) {
      const { keyId, nonce, body } = partsOf(sealed);
      const key = keys.find(({ id }) => id === keyId);
      if (!key) throw new UnavailableError(keys.length === 0 ? noKey : wrongKey);
      const open = createDecipheriv(cipher, key.bytes, nonce)
        .setAAD(Buffer.from(purpose))
        .setAuthTag(body.subarray(0, tagBytes));
      try {
        return Buffer.concat([open.update(body.subarray(tagBytes)), open.final()]).toString('utf8');
      } catch {
        throw new Error('A sealed text was altered, or sealed for another purpose.');
      }
    },
    sign(text, purpose) {
      const [key] = keys;
      if (!key) throw new UnavailableError(noKey);
      return encode(codeOf(key, text, purpose));
    },
    isSigned(text, code, purpose) {
      const given = Buffer.from(code, 'base64url');
      return keys.some((key) => {
        const own = codeOf(key, text, purpose);
        return given.length === own.length && timingSafeEqual(given, own);
      });
    },
    isCurrent: (sealed) => keys[0] !== undefined && partsOf(sealed).keyId === keys[0].id,
  };
}

const noKey =
  'Secrets cannot be kept: several processes may share this database, so they must be given the same key. Set `secret` (GATEHOUSE_SECRET) to 32 random bytes or more in all of them.';
const wrongKey =
  'A secret was sealed with a key that this gateway does not have. Add the secret it had then to `previousSecrets`.';

function deriveKey(secret: string): Key {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', use, 32));
  const bytes = derive('gatehouse secretBox');
  const signing = derive('gatehouse signatures');
  return { bytes, signing, id: encode(createHash('sha256').update(bytes).digest().subarray(0, 6)) };
}

const codeOf = ({ signing }: Key, text: string, purpose: string): Buffer =>
  createHmac('sha256', signing)
    .update(JSON.stringify([purpose, text]))
    .digest();

const encode = (bytes: Buffer): string => bytes.toString('base64url');

function partsOf(sealed: string): { keyId: string; nonce: Buffer; body: Buffer } {
  const [form, keyId = '', nonce = '', body = '', ...rest] = sealed.split('.');
  const parts = { keyId, nonce: Buffer.from(nonce, 'base64url'), body: Buffer.from(body, 'base64url') };
  if (form !== version || rest.length > 0 || parts.nonce.length !== 12 || parts.body.length < tagBytes)
    throw new Error('A text that should be sealed is not.');
  return parts;
}
