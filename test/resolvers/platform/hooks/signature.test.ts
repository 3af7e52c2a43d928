import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { makeSecret, newWebhookId, signatureHeader } from '#resolvers/platform/hooks/signature.ts';

const content = { webhookId: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };

const headersOf = (signature: string, { webhookId, timestamp }: typeof content) => ({
  'webhook-id': webhookId,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
});
const present = () => ({ ...content, timestamp: Math.floor(Date.now() / 1000) });

function isSignedBy(publicKey: string, { webhookId, timestamp, body }: typeof content, signature: string): boolean {
  const x = Buffer.from(publicKey.replace('whpk_', ''), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const text = Buffer.from(`${webhookId}.${timestamp}.${body}`);
  return verify(null, text, key, Buffer.from(signature.replace('v1a,', ''), 'base64'));
}

describe('a signature', () => {
  test('is the one of the published vector', () => {
    expect(signatureHeader(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], content)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('is taken by the reference verifier, and not over another body', () => {
    const { secret } = makeSecret('HMAC');
    const signed = present();
    const headers = headersOf(signatureHeader([secret], signed), signed);
    expect(new Webhook(secret).verify(signed.body, headers)).toEqual({ test: 2432232314 });
    expect(() => new Webhook(secret).verify('{"test": 1}', headers)).toThrow('No matching signature');
  });

  test('stands beside that of the earlier secret, newest first, and either receiver takes it', () => {
    const [newer, older] = [makeSecret('HMAC').secret, makeSecret('HMAC').secret];
    const signed = present();
    const header = signatureHeader([newer, older], signed);
    expect(header.split(' ')).toEqual([signatureHeader([newer], signed), signatureHeader([older], signed)]);
    for (const secret of [newer, older])
      expect(new Webhook(secret).verify(signed.body, headersOf(header, signed))).toEqual({ test: 2432232314 });
  });

  test('by Ed25519 is checked with the public key alone', () => {
    const { secret, publicKey } = makeSecret('ED25519');
    const header = signatureHeader([secret], content);
    expect(header).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(isSignedBy(publicKey ?? '', content, header)).toBe(true);
    expect(isSignedBy(makeSecret('ED25519').publicKey ?? '', content, header)).toBe(false);
    expect(isSignedBy(publicKey ?? '', { ...content, body: '{}' }, header)).toBe(false);
  });

  test('is refused to a text that is no secret, without naming it', () => {
    for (const secret of ['whsec_', 'plain', 'whsk_AAAA', 'whpk_c2VjcmV0']) {
      const attempt = () => signatureHeader([secret], content);
      expect(attempt).toThrow('The secret of a hook is in no known form.');
    }
  });
});

test('secrets are 32 bytes in the notation of Standard Webhooks', () => {
  expect(makeSecret('HMAC')).toEqual({ secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/), publicKey: null });
  expect(makeSecret('ED25519')).toEqual({
    secret: expect.stringMatching(/^whsk_[A-Za-z0-9+/]{86}==$/),
    publicKey: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/),
  });
});

test('ids of deliveries have no dot and differ', () => {
  const ids = Array.from({ length: 100 }, newWebhookId);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^msg_[a-z2-7]{32}$/);
});
