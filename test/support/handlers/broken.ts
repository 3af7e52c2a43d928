/** A module that cannot be loaded. */
export const run = (): void => undefined;
throw new Error('broken at its top');
