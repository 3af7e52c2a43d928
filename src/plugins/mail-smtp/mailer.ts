import type { Transporter } from 'nodemailer';
import { UnavailableError } from '#kernel/errors.ts';
import type { Mailer } from '#kernel/mailer.ts';

/** What mail clients and servers answer to by themselves is told to leave these alone (RFC 3834). */
const headers = { 'Auto-Submitted': 'auto-generated' };

export function createSmtpMailer(transport: Pick<Transporter, 'sendMail'>, from: string): Mailer {
  return {
    sends: true,
    async send({ to, subject, text }) {
      try {
        // As an object, so that nothing in the address is taken for a list of addresses.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, headers });
      } catch (error) {
        // The server's answer may repeat the mail; its code says enough.
        const { code, responseCode } = error as { code?: string; responseCode?: number };
        throw new UnavailableError(`The mail server did not take the mail (${responseCode ?? code ?? 'no answer'}).`);
      }
    },
  };
}
