import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Facts } from '#kernel/permission.ts';
import { factsIn, type Kind } from '#resolvers/network/access.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** The kinds of things that carry values of attributes. */
export const attributeResources = ['DEVICE', 'NETWORK', 'INTERFACE', 'CIRCUIT', 'PROTOCOL'] as const;
export type AttributeResource = (typeof attributeResources)[number];

/** What permissions and scope facts call a resource. */
export const kindOfResource: Readonly<Record<AttributeResource, Kind>> = {
  DEVICE: 'device',
  NETWORK: 'network',
  INTERFACE: 'interface',
  CIRCUIT: 'circuit',
  PROTOCOL: 'protocol',
};

/** What a value must be. */
export interface Constraints {
  readonly allowEmpty: boolean;
  /** An RE2 expression that matches from the start of a value; empty for none. */
  readonly pattern: string;
  /** The values there may be; none for any. */
  readonly validValues: readonly string[];
}

export const noConstraints: Constraints = { allowEmpty: false, pattern: '', validValues: [] };

/** A definition: what the things of one kind in a Site may carry under a name. */
export interface Attribute {
  readonly id: string;
  readonly siteId: string;
  readonly resource: AttributeResource;
  /** Unique for its resource in its Site, compared exactly. */
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly display: boolean;
  /** Whether a thing may carry several values, in order. */
  readonly multi: boolean;
  readonly constraints: Constraints;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const attributeFacts = (attribute: Pick<Attribute, 'siteId'>): Facts => factsIn(attribute.siteId, 'attribute');

export const attributeGlobalId = (id: string): string => toGlobalId('Attribute', id);

const attributeSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  resource: z.enum(attributeResources),
  name: z.string(),
  description: z.string(),
  required: z.boolean(),
  display: z.boolean(),
  multi: z.boolean(),
  constraints: z.object({ allowEmpty: z.boolean(), pattern: z.string(), validValues: z.array(z.string()) }),
});

export const toAttributeSnapshot = ({
  id,
  siteId,
  createdAt: _,
  updatedAt: __,
  constraints,
  ...rest
}: Attribute): z.output<typeof attributeSnapshot> => ({
  id: attributeGlobalId(id),
  siteId: siteGlobalId(siteId),
  ...rest,
  constraints: { ...constraints, validValues: [...constraints.validValues] },
});

export const attributeCreated = snapshotEvent('attribute', 'created', attributeSnapshot, {});
export const attributeUpdated = snapshotEvent('attribute', 'updated', attributeSnapshot, {});
export const attributeDeleted = snapshotEvent('attribute', 'deleted', attributeSnapshot, {});
