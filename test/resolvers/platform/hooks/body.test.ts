import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { type BodyEvent, renderBody } from '#resolvers/platform/hooks/body.ts';

const id = '0190a5f0-0000-7000-8000-000000000001';
const updated = defineEvent('network.device.updated', z.unknown(), {
  description: 'A device was updated.',
  subject: 'Device',
  seenWith: 'network:read',
  hookData: ({ data }) => (data as { device: unknown }).device,
});
const plain = defineEvent('lab.thing.done', z.unknown(), {
  description: 'Something was done.',
  subject: null,
  seenWith: 'lab:read',
});

const event: BodyEvent = {
  id,
  name: 'network.device.updated',
  subject: 'RGV2aWNlOjE',
  scope: {},
  actor: { account: null, name: 'system', credential: null, address: null },
  occurredAt: '2026-01-01T00:00:00.123456Z',
  data: { device: { hostname: 'röuter', id: 'RGV2aWNlOjE' } },
  before: { hostname: 'old' },
  after: { hostname: 'röuter' },
  traceparent: null,
  tx: id,
  retain: 'AUDIT',
  truncated: false,
};
const hook = {
  number: 5,
  event: 'device.update',
  target: 'https://x.example/a?b=c',
  payload: 'NSOT',
  includeChange: true,
} as const;

describe('the body of a delivery', () => {
  test('is byte for byte what NSoT sent', () => {
    expect(renderBody({ ...hook, payload: 'NSOT' }, event, updated)).toBe(
      '{"hook":{"target":"https://x.example/a?b=c","id":5,"event":"device.update"},"data":{"hostname":"röuter","id":"RGV2aWNlOjE"}}',
    );
  });

  test('names the event in full where the pattern is in full', () => {
    expect(renderBody({ ...hook, payload: 'NSOT', event: 'network.*' }, event, updated)).toContain(
      '"event":"network.device.updated"}',
    );
  });

  test('is the envelope of Standard Webhooks, with the change where that is asked for', () => {
    expect(renderBody({ ...hook, payload: 'STANDARD', includeChange: false }, event, updated)).toBe(
      '{"type":"network.device.updated","timestamp":"2026-01-01T00:00:00.123456Z","data":{"hostname":"röuter","id":"RGV2aWNlOjE"}}',
    );
    expect(JSON.parse(renderBody({ ...hook, payload: 'STANDARD' }, event, updated))).toEqual({
      type: 'network.device.updated',
      timestamp: '2026-01-01T00:00:00.123456Z',
      data: { hostname: 'röuter', id: 'RGV2aWNlOjE' },
      before: { hostname: 'old' },
      after: { hostname: 'röuter' },
    });
  });

  test('holds nothing but ids where it is thin', () => {
    expect(JSON.parse(renderBody({ ...hook, payload: 'THIN' }, event, updated))).toEqual({
      type: 'network.device.updated',
      timestamp: '2026-01-01T00:00:00.123456Z',
      data: { id: 'RGV2aWNlOjE', eventId: toGlobalId('DeviceUpdated', id) },
    });
  });

  test('holds the data of an event that says nothing of hooks', () => {
    const done = { ...event, name: 'lab.thing.done', data: { thing: 7 } };
    expect(JSON.parse(renderBody({ ...hook, payload: 'NSOT', event: '*' }, done, plain)).data).toEqual({ thing: 7 });
  });

  test('hides what is secret by its name, at any depth and in any spelling', () => {
    const data = {
      password: 'p',
      list: [{ authString: 'a', auth_string: 'b', has_auth_string: true }],
      deep: { secretKey: { a: 1 }, token: null, 'secret-key': 'c', tokens: 3 },
    };
    const shown = JSON.parse(renderBody({ ...hook, payload: 'STANDARD' }, { ...event, data, before: data }, plain));
    const hidden = {
      password: '***',
      list: [{ authString: '***', auth_string: '***', has_auth_string: true }],
      deep: { secretKey: '***', token: null, 'secret-key': '***', tokens: 3 },
    };
    expect(shown.data).toEqual(hidden);
    expect(shown.before).toEqual(hidden);
  });
});
