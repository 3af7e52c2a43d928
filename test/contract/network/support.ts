import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import type { Circuit, CircuitEnd } from '#resolvers/network/circuits/circuit.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { Order } from '#resolvers/network/list.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { ProtocolType } from '#resolvers/network/protocol-types/protocol-type.ts';
import type { SealedProtocol } from '#resolvers/network/protocols/protocol.ts';
import type { Site } from '#resolvers/network/sites/site.ts';

const now = '2026-03-01T09:30:00.123000Z';

export const aSite = (name: string): Site => ({ id: newId(), name, description: '', createdAt: now, updatedAt: now });

export const aDevice = (siteId: string, hostname: string): Device => ({
  id: newId(),
  siteId,
  hostname,
  createdAt: now,
  updatedAt: now,
});

export const aNetwork = (siteId: string, cidr: string, parent: Network | null = null): Network => ({
  id: newId(),
  siteId,
  cidr,
  state: 'ALLOCATED',
  parentId: parent?.id ?? null,
  createdAt: now,
  updatedAt: now,
});

export const anInterface = ({ id, siteId }: Device, name: string): NetworkInterface => ({
  id: newId(),
  siteId,
  deviceId: id,
  name,
  description: '',
  type: 6,
  macAddress: '00:00:00:00:00:00',
  speed: 1000,
  parentId: null,
  createdAt: now,
  updatedAt: now,
});

export const anAssignment = ({ id, siteId, deviceId }: NetworkInterface, addressId: string): Assignment => ({
  id: newId(),
  siteId,
  interfaceId: id,
  deviceId,
  addressId,
  createdAt: now,
});

/** An end on an interface of its own. */
export const anEnd = (deviceId = newId()): CircuitEnd => ({ interfaceId: newId(), deviceId });

export const aCircuit = (siteId: string, name: string, endpointZ: CircuitEnd | null = null): Circuit => ({
  id: newId(),
  siteId,
  name,
  nameSlug: name.replaceAll('/', '_'),
  endpointA: anEnd(),
  endpointZ,
  createdAt: now,
  updatedAt: now,
});

export const aProtocolType = (siteId: string, name: string): ProtocolType => ({
  id: newId(),
  siteId,
  name,
  description: '',
  requiredAttributeIds: [],
  createdAt: now,
  updatedAt: now,
});

export const aProtocol = (siteId: string, parts: Partial<SealedProtocol> = {}): SealedProtocol => ({
  id: newId(),
  siteId,
  typeId: newId(),
  deviceId: newId(),
  interfaceId: null,
  circuitId: null,
  description: '',
  hasAuthString: parts.sealed != null,
  authStringRevision: 0,
  sealed: null,
  createdAt: now,
  updatedAt: now,
  ...parts,
});

export const request = (parts: Partial<PageRequest> = {}): PageRequest => ({
  limit: 1000,
  direction: 'forward',
  after: null,
  before: null,
  offset: 0,
  ...parts,
});

/** A query for everything, in the order of creation, unless said. */
export const query = (
  parts: { filter?: object; order?: Order; visibility?: Visibility; page?: Partial<PageRequest> } = {},
) => ({
  filter: parts.filter ?? {},
  order: parts.order ?? ({ by: 'CREATED', direction: 'ASC' } as const),
  visibility: parts.visibility ?? ('all' as const),
  page: request(parts.page),
});

/** Sees what one of the grants covers. */
export const sees = (...grants: [kind: string, value: string][]): Visibility => ({
  allOf: [grants.map(([kind, value]) => ({ kind, value }))],
});

export const natural = { by: 'NATURAL', direction: 'ASC' } as const;
export const naturalDown = { by: 'NATURAL', direction: 'DESC' } as const;
