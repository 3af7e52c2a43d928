import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import type { TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { apiRootDefaults, apiRootFields } from '#resolvers/threat/api-roots/input.ts';
import { insertApiRoots } from '#resolvers/threat/api-roots/write.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';

const apiRootCreate = z.object({ ...apiRootFields, taxiiId: givenTaxiiId.nullish() });
export type ApiRootCreate = z.input<typeof apiRootCreate>;

/** Makes an API root; as the default it takes the place of the one before. */
export async function createApiRoot(ctx: Context, input: ApiRootCreate): Promise<TaxiiApiRoot> {
  allow(ctx, 'threat:admin');
  const { taxiiId, title, ...rest } = parse(apiRootCreate, input);
  return ctx.atomically(async (ctx) => {
    const now = microseconds(ctx.clock.now());
    const root = { id: taxiiId ?? newId(), title, ...apiRootDefaults, ...given(rest), createdAt: now, updatedAt: now };
    const [made] = await insertApiRoots(ctx, [root]);
    return made ?? root;
  });
}
