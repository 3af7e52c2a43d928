/**
 * A port is a typed token for something that behaviour asks for and a plugin provides. It carries its type and nothing
 * else, so that whoever uses it knows no provider.
 */
export interface Port<T> {
  readonly name: string;
  readonly many: false;
  /** Whether jobs in threads may use it: its methods take and answer values that can be cloned. */
  readonly remote?: boolean;
  /** Never set: carries the type. */
  readonly type?: T;
}

/** A port that any number of plugins may provide, such as the readers of credentials. */
export interface ManyPort<T> {
  readonly name: string;
  readonly many: true;
  readonly type?: T;
}

/**
 * @param name `<domain>.<noun in plural>` for the storage of a domain, a bare word for what the kernel shares. It is
 * what a config names to choose between two providers.
 */
export function definePort<T extends object>(name: string, options: { readonly remote?: boolean } = {}): Port<T> {
  return { name, many: false, ...options };
}

export function defineManyPort<T extends object>(name: string): ManyPort<T> {
  return { name, many: true };
}
