import { definePort } from '#kernel/port.ts';

/** Keeps texts that a storage must not be able to read, which are stored sealed, and knows texts of its own again. */
export interface SecretBox {
  /**
   * The text encrypted and authenticated, as one line of ASCII: about 1.4 times as long, and another one at each call.
   * @param purpose what it is for and whose it is (`network.protocol.authString/<id>`). It is not kept: a sealed text
   * opens for its own purpose only, so one that was moved to another row does not open there.
   * @throws UnavailableError while there is no key.
   */
  seal(text: string, purpose: string): string;
  /**
   * The text that was sealed with the present key or an earlier one.
   * @throws UnavailableError when no key fits; Error when it was altered, or sealed for another purpose.
   */
  open(sealed: string, purpose: string): string;
  /**
   * A code over the text, 43 characters of base64url, that nobody makes without the key.
   * @param purpose what the text is: a code counts for its own purpose only.
   * @throws UnavailableError while there is no key.
   */
  sign(text: string, purpose: string): string;
  /** Whether the code was made over this text with the present key or an earlier one. Takes as long for a wrong code. */
  isSigned(text: string, code: string, purpose: string): boolean;
  /** Whether it is sealed with the present key, so that no earlier one is needed for it. */
  isCurrent(sealed: string): boolean;
}

export const secretBox = definePort<SecretBox>('secretBox');
