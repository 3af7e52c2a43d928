import { z } from 'zod';
import { InputError } from '#kernel/errors.ts';
import { foldText } from '#kernel/filter.ts';
import { definePort } from '#kernel/port.ts';

/** Turns passwords into what may be kept. */
export interface PasswordHasher {
  /** A salted hash that holds its own parameters. */
  hash(password: string): Promise<string>;
  /** Whether this is the password of the hash. Takes as long for a wrong one. */
  verify(hash: string, password: string): Promise<boolean>;
}

export const passwordHasher = definePort<PasswordHasher>('passwordHasher');

const longestPassword = 1024;

/** A password as it is typed: one form for all keyboards. Whether it is good enough is for the policy to say. */
export const password = z.string('password must be a text.').normalize('NFC');

/** A new password, as far as its length goes. */
export const newPassword = (minLength: number) =>
  password
    .refine((text) => [...text].length >= minLength, `password must have at least ${minLength} characters.`)
    .refine(
      (text) => [...text].length <= longestPassword,
      `password may not be longer than ${longestPassword} characters.`,
    );

/** @throws InputError when a new password is the name or the email of its account. */
export function requireUnlikeOwner(
  text: string,
  owner: { readonly name: string; readonly email: string | null },
): void {
  const folded = foldText(text);
  if (folded === foldText(owner.name) || folded === owner.email)
    throw InputError.at(['password'], 'password may not be the name or the email.');
}
