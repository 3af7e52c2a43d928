/** Random accounts with grants of every form, and the plainest reading of what they may see. */
import fc from 'fast-check';
import type { Gateway } from '#gateway';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createRole, updateRole } from '#resolvers/platform/roles/change.ts';
import { holds, type KindName, type Thing, typeOfKind } from './inventory.ts';

const kindNames = Object.keys(typeOfKind) as KindName[];

/** A grant before it is known what there is to be granted on: `at` chooses among the things. */
const grantPlan = fc.record({
  verb: fc.constantFrom('read', 'read', 'create', 'update', 'delete', 'allocate', 'write', 'admin', 'reveal'),
  scope: fc.oneof(
    { weight: 1, arbitrary: fc.constant({ form: 'all' as const }) },
    { weight: 3, arbitrary: fc.record({ form: fc.constant('site' as const), at: fc.nat(9) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        form: fc.constant('siteKind' as const),
        at: fc.nat(9),
        kind: fc.constantFrom(...kindNames),
      }),
    },
    { weight: 4, arbitrary: fc.record({ form: fc.constant('kind' as const), kind: fc.constantFrom(...kindNames) }) },
    {
      weight: 14,
      arbitrary: fc.record({
        form: fc.constant('thing' as const),
        kind: fc.constantFrom<KindName>('network', 'device', 'device', 'interface', 'circuit'),
        at: fc.nat(99),
      }),
    },
  ),
});
type GrantPlan = typeof grantPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

const grantPlans = fc.array(grantPlan, { maxLength: 3 });

export const personPlan = fc.record({
  own: grantPlans,
  role: grantPlans,
  /** A role that the role holds, and that holds the role again. */
  nested: grantPlans,
  nestedIsActive: fc.boolean(),
  /** What an inactive role stands in the way of. */
  behindInactive: grantPlans,
  /** What the API key allows; null for all that the account may do. */
  key: fc.option(fc.array(grantPlan, { minLength: 1, maxLength: 4 }), { freq: 4 }),
});
export type PersonPlan = typeof personPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

/** A grant as people read it. */
interface Grant {
  readonly verb: string;
  readonly siteId?: string;
  readonly kind?: KindName;
  readonly thing?: Thing;
}

const shownForms = (grant: Grant): string => {
  const { verb, siteId, kind, thing } = grant;
  if (thing) return `network:${verb}@${thing.kind}/${thing.id}`;
  if (siteId) return `network:${verb}@site/${siteId}${kind ? `/${kind}` : ''}`;
  return `network:${verb}${kind ? `@kind/${kind}` : ''}`;
};

function toGrants(plans: readonly GrantPlan[], things: readonly Thing[]): Grant[] {
  const sites = things.filter(({ kind }) => kind === 'site');
  return plans.flatMap(({ verb, scope }): Grant[] => {
    if (scope.form === 'all') return [{ verb }];
    if (scope.form === 'kind') return [{ verb, kind: scope.kind }];
    if (scope.form === 'thing') {
      const some = things.filter(({ kind }) => kind === scope.kind);
      const thing = some[scope.at % Math.max(some.length, 1)];
      return thing ? [{ verb, thing }] : [];
    }
    const siteId = sites[scope.at % sites.length]?.id ?? '';
    return [{ verb, siteId, ...(scope.form === 'siteKind' && { kind: scope.kind }) }];
  });
}

/** Every verb shows what it is about, but the one that shows secrets alone. */
const shows = ({ verb }: Grant): boolean => verb !== 'reveal';

/** Whether one of the grants lets its holder see a thing: nothing denies. */
function seenThrough(grants: readonly Grant[], thing: Thing, all: readonly Thing[]): boolean {
  const reading = grants.filter(shows);
  const onDevice = (id: string) => reading.some((grant) => grant.thing?.kind === 'device' && grant.thing.id === id);
  // A circuit needs the devices of both ends; everything else is on one at most.
  if (thing.deviceIds?.length && thing.deviceIds.every(onDevice)) return true;
  return reading.some(({ siteId, kind, thing: on }) => {
    if (!on) return (!siteId || siteId === thing.siteId) && (!kind || kind === thing.kind);
    if (on.kind === 'network' && thing.kind === 'network')
      return on.siteId === thing.siteId && holds(on.cidr ?? '', thing.cidr ?? '') && all.includes(on);
    if (on.kind === 'interface' && thing.kind === 'interface') return thing.chain?.includes(on.id) ?? false;
    return on.kind === 'circuit' && on.id === thing.id;
  });
}

export interface Person {
  readonly token: string;
  readonly sees: (thing: Thing) => boolean;
  /** For messages of a failing test. */
  readonly permissions: readonly string[];
}

/** Makes the account, its roles and its key. Everybody sees the Site of the sentinels, so that streams can be waited for. */
export async function admit(
  gateway: Gateway,
  name: string,
  plan: PersonPlan,
  things: readonly Thing[],
  sentinelSite: string,
): Promise<Person> {
  const ctx = gateway.context();
  const beyond = ['event:read', `network:read@site/${sentinelSite}`];
  const [own, role, nested, behind] = [plan.own, plan.role, plan.nested, plan.behindInactive].map((grants) =>
    toGrants(grants, things),
  );
  const key = plan.key && toGrants(plan.key, things);
  const texts = (grants: readonly Grant[] = []) => [...new Set(grants.map(shownForms))];
  await createRole(ctx, { name: `${name}-behind`, permissions: texts(behind) });
  const inner = await createRole(ctx, {
    name: `${name}-nested`,
    permissions: texts(nested),
    roles: [`${name}-behind`],
    isActive: plan.nestedIsActive,
  });
  await createRole(ctx, { name: `${name}-role`, permissions: texts(role), roles: [`${name}-nested`] });
  await updateRole(ctx, {
    by: { id: inner.id },
    etag: inner.etag,
    roles: [`${name}-behind`, `${name}-role`],
  });
  const account = await createAccount(ctx, { name, permissions: ['*'], roles: [`${name}-role`] });
  const made = await createApiKey(ctx, {
    account: { id: account.id },
    name: 'test',
    ...(key && { permissions: [...beyond, ...texts(key)] }),
  });
  // The key was made while the account had every right: so it may name what the account has not.
  await updateAccount(ctx, { by: { id: account.id }, etag: account.etag, permissions: [...beyond, ...texts(own)] });
  const held = [
    ...(own ?? []),
    ...(role ?? []),
    ...(plan.nestedIsActive ? [...(nested ?? []), ...(behind ?? [])] : []),
  ];
  return {
    token: made.key,
    sees: (thing) => seenThrough(held, thing, things) && (!key || seenThrough(key, thing, things)),
    permissions: [...texts(held), ...(key ? ['and by key', ...texts(key)] : [])],
  };
}
