import { AmbiguousError, ConflictError, InUseError } from '#kernel/errors.ts';
import {
  type Attribute,
  type AttributeResource,
  attributeCreated,
  attributeDeleted,
  attributeResources,
  attributeUpdated,
  type Constraints,
} from '#resolvers/network/attributes/attribute.ts';
import { createAttribute, createAttributes } from '#resolvers/network/attributes/create.ts';
import { deleteAttribute, deleteAttributes } from '#resolvers/network/attributes/delete.ts';
import {
  type AttributeList,
  countAttributesOfSites,
  countUsage,
  findAttribute,
  findAttributes,
  listAttributes,
  listAttributesOfSite,
} from '#resolvers/network/attributes/find.ts';
import {
  replaceAttribute,
  replaceAttributes,
  updateAttribute,
  updateAttributes,
} from '#resolvers/network/attributes/update.ts';
import { findSites } from '#resolvers/network/sites/find.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { orderInput } from '#schema/filter.ts';
import { changeFeed } from '#schema/network/shared.ts';
import { thatThing, verb } from '#schema/network/verb.ts';
import { node } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

interface AttributeKeyInput {
  id?: string | null;
  name?: { resource: AttributeResource; name: string } | null;
}

declare module '#schema/builder.ts' {
  interface Shapes {
    Attribute: Attribute;
    AttributeConstraints: Constraints;
  }
  interface InputShapes {
    AttributeKey: AttributeKeyInput;
  }
}

const resourceMeanings: Readonly<Record<AttributeResource, string>> = {
  DEVICE: 'Devices.',
  NETWORK: 'Networks and addresses.',
  INTERFACE: 'Interfaces of devices.',
  CIRCUIT: 'Circuits.',
  PROTOCOL: 'Protocols.',
};

export function attributes(builder: Builder): void {
  builder.enumType('AttributeResource', {
    description: 'The kinds of things that carry attributes.',
    values: Object.fromEntries(
      attributeResources.map((resource) => [resource, { description: resourceMeanings[resource] }]),
    ) as never,
  });
  keys(builder);
  type(builder);
  queries(builder);
  creation(builder);
  changes(builder);
  deletion(builder);
  changeFeed(builder, 'attribute', 'Attribute', [attributeCreated, attributeUpdated, attributeDeleted]);
}

function keys(builder: Builder): void {
  const name = builder.inputType('AttributeName', {
    description: 'A name is unique for its resource in a Site.',
    fields: (t) => ({
      resource: t.field({ type: 'AttributeResource' as never, required: true, description: 'The kind of things.' }),
      name: t.string({ required: true, description: 'The name.' }),
    }),
  });
  builder.inputType('AttributeKey', {
    description: 'Names an attribute.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      name: t.field({
        type: name as never,
        description: 'Its resource and name. Give the Site too where several may have it.',
      }),
    }),
  });
}

function type(builder: Builder): void {
  builder.objectType('AttributeConstraints', {
    description: 'What a value must be.',
    fields: (t) => ({
      allowEmpty: t.exposeBoolean('allowEmpty', { description: 'Whether it may be empty.' }),
      pattern: t.exposeString('pattern', {
        description: 'An RE2 expression that matches it from the start; empty for none.',
      }),
      validValues: t.stringList({
        description: 'What it may be; empty for anything.',
        resolve: ({ validValues }) => [...validValues],
      }),
    }),
  });
  node(builder, 'Attribute', {
    description: 'A definition with rules: what the things of one kind in a Site may carry under a name.',
    find: findAttributes,
    fields: (t) => ({
      site: t.field({
        type: 'Site',
        nullable: true,
        description: 'The Site it belongs to; null where the viewer may not read the Site itself.',
        resolve: ({ siteId }, _, ctx) => ctx.load(findSites, siteId),
      }),
      resource: t.field({
        type: 'AttributeResource' as never,
        description: 'The kind of things that carry it.',
        resolve: ({ resource }) => resource as never,
      }),
      name: t.exposeString('name', { description: 'Unique for its resource in its Site.' }),
      description: t.exposeString('description', { description: 'What it means.' }),
      required: t.exposeBoolean('required', { description: 'Whether each write of attributes must give it.' }),
      display: t.exposeBoolean('display', { description: 'Whether it is shown in overviews.' }),
      multi: t.exposeBoolean('multi', { description: 'Whether a thing may carry several values, in order.' }),
      constraints: t.field({
        type: 'AttributeConstraints',
        description: 'What its values must be.',
        resolve: ({ constraints }) => constraints,
      }),
      usageCount: t.int({
        description: 'How many things carry it that the viewer may see.',
        resolve: ({ id }, _, ctx) => ctx.load(countUsage, id),
      }),
      ...instants(t as never),
    }),
  });
}

function queries(builder: Builder): void {
  const filter = builder.inputType('AttributeFilter', {
    description: 'Which attributes; everything given must hold.',
    fields: (t) => ({
      name: t.string({ description: 'With this name.' }),
      resource: t.field({ type: 'AttributeResource' as never, description: 'Of this kind of things.' }),
      required: t.boolean({ description: 'Whether they are required.' }),
      display: t.boolean({ description: 'Whether they are shown in overviews.' }),
      multi: t.boolean({ description: 'Whether they may have several values.' }),
    }),
  });
  const orderBy = orderInput(builder, 'Attribute', { CREATED: 'When it was made.', NATURAL: 'Its name.' });
  builder.queryFields((t) => ({
    attribute: t.field({
      type: 'Attribute',
      nullable: true,
      description: 'The attribute with this key; null when the viewer may see none.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'The Site to look in.' }),
        by: t.arg({ type: 'AttributeKey', required: true, description: 'Its key.' }),
      },
      resolve: (_, args, ctx) => findAttribute(ctx, args),
    }),
    attributes: connection(builder, t, 'Attribute', {
      description: 'The attributes that the viewer may see.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (_, args, page, ctx) => listAttributes(ctx, args as AttributeList, page),
    }),
  }));
  builder.objectField('Site', 'attributes', (t) =>
    connection(builder, t, 'Attribute', {
      description: 'What its things may carry.',
      args: {
        filter: t.arg({ type: filter, description: 'Which ones.' }),
        orderBy: t.arg({ type: orderBy, description: 'As they were made, unless said.' }),
      },
      resolve: (site, args, page, ctx) => listAttributesOfSite(ctx, site.id, args as AttributeList, page),
    }),
  );
  builder.objectField('SiteCounts', 'attributes', (t) =>
    t.int({ description: 'Attributes.', resolve: ({ siteId }, _, ctx) => ctx.load(countAttributesOfSites, siteId) }),
  );
}

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

/** The rules of a definition as mutations are given them. */
const ruleFields = (t: InputBuilder, otherwise: string) => ({
  description: t.string({ description: `255 characters at most; ${otherwise}.` }),
  required: t.boolean({ description: `Whether each write of attributes must give it; ${otherwise}.` }),
  display: t.boolean({ description: 'Whether it is shown in overviews. What is required always is.' }),
  multi: t.boolean({ description: `Whether a thing may carry several values; ${otherwise}.` }),
  constraints: t.field({ type: 'AttributeConstraintsInput' as never, description: `All three parts; ${otherwise}.` }),
});

function creation(builder: Builder): void {
  builder.inputType('AttributeConstraintsInput', {
    description: 'What a value must be. Parts that are not given have their defaults.',
    fields: (t) => ({
      allowEmpty: t.boolean({ description: 'Whether it may be empty; false unless said.' }),
      pattern: t.string({ description: 'An RE2 expression that must match it from the start; none unless said.' }),
      validValues: t.stringList({ description: 'What it may be; anything unless said.' }),
    }),
  });
  const facts = { needs: 'network:admin', emits: [attributeCreated], errors: [ConflictError] };
  verb(builder, 'Attribute', 'Create', {
    ...facts,
    description: 'Defines an attribute.',
    descriptionOfMany: 'Defines attributes, all or none.',
    input: (t) => ({
      site: t.field({ type: 'SiteKey', required: true, description: 'The Site it belongs to, for good.' }),
      resource: t.field({
        type: 'AttributeResource' as never,
        required: true,
        description: 'The kind of things that carry it, for good.',
      }),
      name: t.string({ required: true, description: 'Lower case letters, digits and underscores, for good.' }),
      ...ruleFields(t, 'the default unless said'),
    }),
    one: createAttribute,
    many: createAttributes,
  });
}

function changes(builder: Builder): void {
  const facts = { needs: 'network:admin', emits: [attributeUpdated], errors: [AmbiguousError, ConflictError] };
  verb(builder, 'Attribute', 'Update', {
    ...facts,
    description: 'Changes what is given of an attribute. What things carry is checked at its next write.',
    descriptionOfMany: 'Changes attributes, all or none.',
    input: (t) => ({ ...thatThing(t, 'Attribute'), ...ruleFields(t, 'as it is unless said') }),
    one: updateAttribute,
    many: updateAttributes,
  });
  verb(builder, 'Attribute', 'Replace', {
    ...facts,
    description: 'Sets everything of an attribute that can change; what is not given becomes its default.',
    descriptionOfMany: 'Sets everything of attributes that can change, all or none.',
    input: (t) => ({ ...thatThing(t, 'Attribute'), ...ruleFields(t, 'the default unless said') }),
    one: replaceAttribute,
    many: replaceAttributes,
  });
}

function deletion(builder: Builder): void {
  const facts = { needs: 'network:admin', emits: [attributeDeleted], errors: [AmbiguousError, InUseError] };
  verb(builder, 'Attribute', 'Delete', {
    ...facts,
    description: 'Deletes an attribute that nothing carries.',
    descriptionOfMany: 'Deletes attributes that nothing carries, all or none.',
    input: (t) => ({
      ...thatThing(t, 'Attribute'),
    }),
    one: deleteAttribute,
    many: deleteAttributes,
  });
}
