/** An issuer of JSON Web Tokens as OpenID Connect has them: a key, and a server that shows its public half. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface Issuer {
  /** What a config says of it. */
  readonly rules: { readonly issuer: string; readonly audience: string; readonly jwksUri: string };
  /** A token for a person, good for so many seconds. */
  sign(claims: JWTPayload, seconds: number): Promise<string>;
  close(): void;
}

export async function openIssuer(issuer = 'https://id.example.org', audience = 'gatehouse'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    rules: { issuer, audience, jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` },
    sign: (claims, seconds) =>
      new SignJWT({ iss: issuer, aud: audience, exp: Math.floor(Date.now() / 1000) + seconds, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .sign(privateKey),
    close: () => void server.close(),
  };
}
