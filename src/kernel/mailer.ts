import { definePort } from '#kernel/port.ts';

/** A mail in plain text to one person. */
export interface Mail {
  /** An address, such as `ada@example.org`. */
  readonly to: string;
  /** One line. */
  readonly subject: string;
  readonly text: string;
}

/** Sends mail. What it is given may hold a secret: it never reaches a log or an error. */
export interface Mailer {
  /** Whether mail leaves this gateway at all. */
  readonly sends: boolean;
  /** Returns when the next server on the way has taken the mail. @throws UnavailableError when none takes it. */
  send(mail: Mail): Promise<void>;
}

export const mailer = definePort<Mailer>('mailer');
