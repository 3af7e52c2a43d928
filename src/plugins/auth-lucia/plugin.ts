import { credentialReaders } from '#kernel/viewer.ts';
import { sessionConfig } from '#plugins/auth-lucia/config.ts';
import { createSessionIssuer } from '#plugins/auth-lucia/issuer.ts';
import { createSessionReaders } from '#plugins/auth-lucia/readers.ts';
import { definePlugin } from '#plugins/define.ts';
import { sessionIssuer, sessionStore } from '#resolvers/platform/sessions/session.ts';

export const authLucia = definePlugin({
  name: 'auth-lucia',
  version: '1.0.0',
  description: 'Keeps people signed in: sessions by cookie and by bearer token.',
  section: 'auth.session',
  config: sessionConfig,
  uses: { sessions: sessionStore },
  provides: [credentialReaders, sessionIssuer],
  setup({ config, ports, provide, context }) {
    if (config.refresh > config.life)
      throw new Error('auth.session.refresh may not be longer than auth.session.life. Shorten it.');
    const { clock } = context();
    for (const reader of createSessionReaders(ports.sessions, clock, config)) provide(credentialReaders, reader);
    provide(sessionIssuer, createSessionIssuer(config));
    return undefined;
  },
});
