import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { duration, keys, secret } from '#kernel/config.ts';
import { mailer } from '#kernel/mailer.ts';
import { definePlugin } from '#plugins/define.ts';
import { createSmtpMailer } from '#plugins/mail-smtp/mailer.ts';

const serverUrl = () =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '',
      'is no address of a mail server such as smtp://user:password@mail.example.org:587.',
    );

export const mailSmtp = definePlugin({
  name: 'mail-smtp',
  version: '1.0.0',
  description: 'Sends mail through an SMTP server.',
  section: 'mail',
  config: keys({
    url: secret(serverUrl()).describe(
      'The server with its credential: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte.',
    ),
    from: z.string().min(3).describe('Who mails come from: an address, or `Gatehouse <gatehouse@example.org>`.'),
    requireTls: z
      .boolean()
      .default(true)
      .describe(
        'Whether a server that offers no STARTTLS is refused. Mails carry tokens: turn it off for loopback only.',
      ),
    timeout: duration().prefault('20s').describe('How long the server may take for each step.'),
  }),
  provides: [mailer],
  setup({ config, provide }) {
    const transport = createTransport({
      url: config.url,
      requireTLS: config.requireTls,
      connectionTimeout: config.timeout,
      greetingTimeout: config.timeout,
      socketTimeout: config.timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    provide(mailer, createSmtpMailer(transport, config.from));
    return () => transport.close();
  },
});
