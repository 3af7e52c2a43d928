import {
  AmbiguousError,
  AuthenticationError,
  ConflictError,
  DeniedError,
  DestinationCollectionError,
  errorCatalogue,
  ForbiddenError,
  type GatehouseError,
  GenericError,
  InputError,
  InUseError,
  NoSpaceError,
  NotFoundError,
  PayloadTooLargeError,
  ThrottledError,
  UnavailableError,
  UnsupportedContentError,
} from '#kernel/errors.ts';
import type { Builder } from '#schema/builder.ts';

declare module '#schema/builder.ts' {
  interface InterfaceShapes {
    Error: GatehouseError;
  }
}

/** The classes without fields of their own; the others follow below. */
const plainErrors = [
  AuthenticationError,
  ForbiddenError,
  NotFoundError,
  PayloadTooLargeError,
  UnavailableError,
  AmbiguousError,
  DeniedError,
  GenericError,
];

export function errors(builder: Builder): void {
  builder.interfaceType('Error', {
    description: 'Why a mutation did nothing.',
    fields: (t) => ({
      code: t.exposeString('code', { description: 'Stable, for programs.' }),
      message: t.exposeString('message', { description: 'One sentence for people.' }),
      path: t.exposeStringList('path', { description: 'The part of the input at fault; empty when none is.' }),
    }),
  });
  for (const type of plainErrors) {
    builder.objectType(type, { name: type.name, description: describe(type.name), interfaces: ['Error'] });
  }
  builder.objectType(InputError, {
    name: 'InputError',
    description: describe('InputError'),
    interfaces: ['Error'],
    fields: (t) => ({
      fields: t.field({
        type: [
          builder.objectRef<InputError['fields'][number]>('InputFault').implement({
            description: 'One fault of an input.',
            fields: (t) => ({
              path: t.exposeStringList('path', { description: 'Names and positions, outermost first.' }),
              message: t.exposeString('message', { description: 'What is wrong, and what to do.' }),
            }),
          }),
        ],
        description: 'Every fault, not only the first.',
        resolve: (error) => error.fields,
      }),
    }),
  });
  builder.objectType(ConflictError, {
    name: 'ConflictError',
    description: describe('ConflictError'),
    interfaces: ['Error'],
    fields: (t) => ({
      currentEtag: t.exposeString('currentEtag', {
        nullable: true,
        description: 'The etag the thing has now, where it has one.',
      }),
    }),
  });
  builder.objectType(ThrottledError, {
    name: 'ThrottledError',
    description: describe('ThrottledError'),
    interfaces: ['Error'],
    fields: (t) => ({
      retryAfter: t.exposeInt('retryAfter', { description: 'Seconds until another attempt is looked at.' }),
    }),
  });
  builder.objectType(NoSpaceError, {
    name: 'NoSpaceError',
    description: describe('NoSpaceError'),
    interfaces: ['Error'],
    fields: (t) => ({
      available: t.exposeInt('available', { description: 'How many of what was asked for are free.' }),
    }),
  });
  builder.objectType(DestinationCollectionError, {
    name: 'DestinationCollectionError',
    description: describe('DestinationCollectionError'),
    interfaces: ['Error'],
    fields: (t) => ({
      acceptableDestinations: t.exposeStringList('acceptableDestinations', {
        description: 'Names of the data collections that the viewer may name here.',
      }),
    }),
  });
  builder.objectType(UnsupportedContentError, {
    name: 'UnsupportedContentError',
    description: describe('UnsupportedContentError'),
    interfaces: ['Error'],
    fields: (t) => ({
      supportedContent: t.exposeStringList('supportedContent', {
        description: 'The bindings that the data collection supports: `urn:x` or `urn:x>sub1,sub2`.',
      }),
    }),
  });
  builder.objectType(InUseError, {
    name: 'InUseError',
    description: describe('InUseError'),
    interfaces: ['Error'],
    fields: (t) => ({
      blockers: t.field({
        type: [
          builder.objectRef<InUseError['blockers'][number]>('Blocker').implement({
            description: 'A thing that stands in the way.',
            fields: (t) => ({
              id: t.exposeID('id', { description: 'Its global id.' }),
              type: t.exposeString('type', { description: 'Its type in this schema.' }),
              naturalKey: t.exposeString('naturalKey', { description: 'How people call it.' }),
            }),
          }),
        ],
        description: 'The first ten that the viewer may see.',
        resolve: (error) => error.blockers,
      }),
      blockerCount: t.exposeInt('blockerCount', { description: 'How many there are.' }),
    }),
  });
}

function describe(type: string): string {
  const entry = errorCatalogue.find((candidate) => candidate.type === type);
  return entry ? `${entry.meaning} ${entry.remedy}` : type;
}
