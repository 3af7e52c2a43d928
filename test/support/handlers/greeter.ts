import { definePort, type Port } from '#kernel/port.ts';

export interface Greeter {
  greet(who: { readonly name: string }): Promise<string>;
  fail(): Promise<void>;
}

export const defineRemoteGreeter = (): Port<Greeter> => definePort<Greeter>('tests.greeter', { remote: true });
