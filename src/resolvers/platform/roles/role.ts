import { z } from 'zod';
import { foldText, type Logic, logic, type TextMatch, textMatch } from '#kernel/filter.ts';
import { line, type OneOf, oneKey, rowId, sought } from '#kernel/input.ts';
import type { Page, PageRequest, Position } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/** A named bundle of permissions and other roles. Cycles are legal. Instants are ISO 8601 in UTC with milliseconds. */
export interface Role {
  readonly id: string;
  /** Unique without regard to case. */
  readonly name: string;
  readonly realName: string;
  /** An inactive role gives nothing, and what it holds is not reached through it. */
  readonly isActive: boolean;
  /** As they are kept: scoped by ids. */
  readonly permissions: readonly string[];
  /** Row ids of the roles it holds itself. */
  readonly roles: readonly string[];
  /** Made by the gateway or a plugin; keeps its name and stays. */
  readonly isBuiltIn: boolean;
  readonly etag: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type RoleKey = OneOf<{ id: string; name: string }>;

export const roleKey = oneKey({
  id: rowId('Role'),
  name: sought('name').transform(foldText),
});

export type NewRole = Omit<Role, 'updatedAt'>;
export type RoleChange = Partial<Pick<Role, 'name' | 'realName' | 'isActive' | 'permissions' | 'roles'>>;

export interface RoleTerms {
  readonly name?: TextMatch | null;
  readonly realName?: TextMatch | null;
  /** Holds this permission itself, as it is kept. */
  readonly permission?: string | null;
  /** Row id of a role that it holds itself. */
  readonly role?: string | null;
  readonly isActive?: boolean | null;
}
export type RoleFilter = Logic<RoleTerms>;

export const roleFilter = logic({
  name: textMatch().nullish(),
  realName: textMatch().nullish(),
  permission: sought('permission').nullish(),
  role: sought('role').nullish(),
  isActive: z.boolean().nullish(),
});

export interface RoleOrder {
  readonly by: 'NAME' | 'CREATED';
  readonly direction: 'ASC' | 'DESC';
}

/** Where a role stands in an order. */
export const rolePosition = (role: Role, { by }: RoleOrder): Position => [
  by === 'NAME' ? foldText(role.name) : role.createdAt,
  role.id,
];

/** What the platform asks of the storage of roles. */
export interface RoleStore {
  getMany(ids: readonly string[]): Promise<(Role | null)[]>;
  /** By folded names, in their order. */
  findMany(names: readonly string[]): Promise<(Role | null)[]>;
  /** Positions are those of `rolePosition`. */
  page(filter: RoleFilter, order: RoleOrder, visibility: Visibility, request: PageRequest): Promise<Page<Role>>;
  /** All names that may be seen, in order. */
  names(visibility: Visibility): Promise<string[]>;
  /** Null when the name is taken, in any case of letters; of racing callers exactly one gets it. */
  insert(role: NewRole): Promise<Role | null>;
  /** The role, kept from changing by others until the end of the unit of work. */
  lock(id: string): Promise<Role | null>;
  /** `STALE` when the etag moved, `TAKEN` when the new name is another's; nothing is changed then. */
  update(
    id: string,
    etag: string,
    change: RoleChange & { readonly etag: string; readonly updatedAt: string },
  ): Promise<Role | 'STALE' | 'TAKEN'>;
  /** Deletes the role and takes it out of every list of accounts and roles. Their etags stay. */
  delete(id: string): Promise<void>;
  /**
   * The permissions that these roles reach, themselves included, in one read.
   * @param through `active` passes active roles only, as rights do; `any` also the others.
   */
  reach(ids: readonly string[], through: 'active' | 'any'): Promise<string[]>;
}

export const roleStore = definePort<RoleStore>('platform.roles');

export const roleName = line('name', { min: 1, max: 128 }).refine(
  (name) => !/\s/.test(name),
  'name may not hold white space.',
);

/** The role whose grants a viewer without a credential has. */
export const anonymousRole = 'anonymous';
/** The role with the permissions that plugins mark as standard. */
export const standardRole = 'standard';
