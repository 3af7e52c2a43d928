import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute } from '#plugins/taxii/taxii1/xml/element.ts';
import { both, furnish, message, openTaxii1, type Sending, statusOf, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
  await taxii1.service({
    serviceId: 'closed',
    address: '/services/closed',
    authenticationRequired: true,
    kind: { discovery: {} },
  });
  await taxii1.service({ serviceId: 'off', address: '/services/off', available: false, kind: { discovery: {} } });
});
afterAll(() => taxii1.identity.gateway.dispose());

const path = '/services/discovery-A';
const request = message('Discovery_Request', '');
const status = async (sending: Sending, body: string = request, at = path) =>
  statusOf(await taxii1.send(at, body, sending));

describe('the binding to HTTP', () => {
  test('tells what it takes', async () => {
    const { status, headers, text } = await taxii1.send(path, '', { method: 'OPTIONS' });
    expect([status, headers.get('allow'), text]).toEqual([200, 'POST, OPTIONS', '']);
    expect(headers.get('x-taxii-content-types')).toBe(
      'urn:taxii.mitre.org:message:xml:1.0,urn:taxii.mitre.org:message:xml:1.1',
    );
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])('takes no %s', async (method) => {
    const { status, headers } = await taxii1.send(path, '', { method });
    expect([status, headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('is 404 where no service is, whatever the method', async () => {
    for (const method of ['POST', 'GET', 'OPTIONS'])
      for (const at of ['/services/', '/services', '/services/nothing', `${path}/`, '/services/discovery%2DA'])
        expect((await taxii1.send(at, request, { method })).status).toBe(404);
  });

  test.each([
    ['text/html', 406],
    ['application/json, text/*', 406],
    ['application/xml;q=0', 406],
    ['application/xml;q=0, */*', 406],
    ['*/*', 200],
    ['application/*;q=0.1', 200],
    ['text/html, Application/XML ; charset=utf-8', 200],
  ])('answers Accept %s with %i', async (accept, expected) => {
    const answer = await taxii1.send(path, 'garbage', { headers: { accept } });
    expect(answer.status).toBe(expected);
    if (expected === 406) expect(answer.text).toBe('Unacceptable');
  });

  test('takes a client that says nothing of what it takes for one of TAXII when it speaks TAXII', async () => {
    expect((await taxii1.send(path, request, { headers: { accept: null } })).message?.name).toBe('Discovery_Response');
    const silent = { accept: null, 'x-taxii-content-type': null };
    expect((await taxii1.send(path, request, { headers: silent })).status).toBe(406);
  });

  test.each(['1.0', '1.1'] as const)(
    'answers in the version of the request, %s, with all its headers',
    async (version) => {
      for (const secure of [false, true]) {
        const { headers, message: answer } = await taxii1.send(path, message('Discovery_Request', '', '', version), {
          version,
          secure,
          headers: { 'x-taxii-accept': null, 'x-taxii-protocol': null },
        });
        expect(answer?.name).toBe('Discovery_Response');
        expect(answer && attribute(answer, 'in_response_to')).toBe('123');
        expect(answer && attribute(answer, 'message_id')).toMatch(/^\d+$/);
        expect([
          headers.get('content-type'),
          headers.get('x-taxii-content-type'),
          headers.get('x-taxii-services'),
          headers.get('x-taxii-protocol'),
        ]).toEqual([
          'application/xml',
          `urn:taxii.mitre.org:message:xml:${version}`,
          `urn:taxii.mitre.org:services:${version}`,
          both[secure ? 1 : 0],
        ]);
      }
    },
  );

  test.each([
    [{ 'content-type': null }, 'Header Content-Type was not specified'],
    [{ 'x-taxii-content-type': null }, 'Header X-TAXII-Content-Type was not specified'],
    [{ 'content-type': 'text/plain' }, 'The specified value of Content-Type is not supported'],
    [{ 'x-taxii-content-type': 'urn:x' }, 'TAXII Content Type "urn:x" is not supported'],
    [{ 'x-taxii-services': null }, 'Header X-TAXII-Services was not specified'],
    [{ 'x-taxii-services': 'urn:x' }, 'The value of X-TAXII-Services was not recognized'],
    [{ 'x-taxii-protocol': 'urn:x' }, 'The specified value of X-TAXII-Protocol is not supported'],
    [{ 'x-taxii-accept': 'urn:x' }, 'The specified value of X-TAXII-Accept is not recognized'],
  ])('fails with %j: %s', async (headers, text) => {
    expect(await status({ headers })).toEqual(['FAILURE', text]);
  });

  test('takes a charset beside the content type', async () => {
    expect(await status({ headers: { 'content-type': 'application/xml; charset=utf-8' } })).toEqual([
      'Discovery_Response',
    ]);
  });

  test('answers what it did not read in the version that the client takes, else in the one it sent, else in 1.1', async () => {
    const versionOf = async (accept: string | null, sent: string | null) => {
      const headers = { 'content-type': 'text/plain', 'x-taxii-accept': accept, 'x-taxii-content-type': sent };
      const answer = await taxii1.send(path, request, { headers });
      expect(answer.message && attribute(answer.message, 'in_response_to')).toBe('0');
      return answer.headers.get('x-taxii-content-type')?.slice(-3);
    };
    const binding = (version: string) => `urn:taxii.mitre.org:message:xml:${version}`;
    expect(await versionOf(binding('1.0'), binding('1.1'))).toBe('1.0');
    expect(await versionOf('urn:x', binding('1.0'))).toBe('1.0');
    expect(await versionOf(null, 'urn:x')).toBe('1.1');
    expect(await versionOf(null, null)).toBe('1.1');
  });

  test('is answered in the version of the message, whatever version of headers was wrong', async () => {
    const answer = await taxii1.send(path, message('Discovery_Request', '', '', '1.0'), {
      version: '1.0',
      headers: { 'x-taxii-services': 'urn:x', 'x-taxii-accept': 'urn:taxii.mitre.org:message:xml:1.1' },
    });
    expect(answer.headers.get('x-taxii-content-type')).toBe('urn:taxii.mitre.org:message:xml:1.0');
    expect(answer.message && attribute(answer.message, 'in_response_to')).toBe('123');
  });
});

describe('who calls', () => {
  test('is refused with a status where a service wants a credential and there is none, or a bad one', async () => {
    const closed = '/services/closed';
    expect(await status({}, request, closed)).toEqual(['UNAUTHORIZED', 'The service answers to accounts only']);
    for (const authorization of ['Basic somevalue', 'Foo x', 'Bearer broken', 'Basic am9obm55OndSb25nIHBhc3M=']) {
      const answer = await taxii1.send(closed, request, { headers: { authorization } });
      expect([answer.status, statusOf(answer)[0]]).toEqual([200, 'UNAUTHORIZED']);
    }
    expect(await status({ key: await taxii1.key() }, request, closed)).toEqual(['Discovery_Response']);
  });

  test('is refused with a bad credential on open services too', async () => {
    expect((await status({ headers: { authorization: 'Foo x' } }))[0]).toBe('UNAUTHORIZED');
  });

  test('is looked at after the way of asking, and before everything that is asked', async () => {
    const foo = { authorization: 'Foo x' };
    expect((await taxii1.send('/services/none', request, { headers: foo })).status).toBe(404);
    expect((await taxii1.send(path, request, { headers: foo, method: 'GET' })).status).toBe(405);
    expect((await taxii1.send(path, request, { headers: { ...foo, accept: 'text/html' } })).status).toBe(406);
    const bad = { ...foo, 'content-type': null, 'x-taxii-content-type': 'urn:x' };
    expect((await status({ headers: bad }, 'garbage'))[0]).toBe('UNAUTHORIZED');
    expect((await status({ headers: { 'content-type': null } }, 'garbage', '/services/closed'))[0]).toBe(
      'UNAUTHORIZED',
    );
    expect(await status({ headers: { 'content-type': null } }, 'garbage', '/services/off')).toEqual([
      'FAILURE',
      'The service is not available',
    ]);
  });

  test('may be told so by another type of status, which 1.0 has or calls a failure', async () => {
    const denied = await openTaxii1({ taxii: { taxii1: { unauthorizedStatus: 'DENIED' } } }, 'memory');
    await furnish(denied);
    expect(statusOf(await denied.send(path, request, { headers: { authorization: 'Foo x' } }))[0]).toBe('DENIED');
    await denied.identity.gateway.dispose();
    await expect(openTaxii1({ taxii: { taxii1: { unauthorizedStatus: 'NOPE' } } }, 'memory')).rejects.toThrow(
      'taxii.taxii1.unauthorizedStatus',
    );
    const query = await openTaxii1({ taxii: { taxii1: { unauthorizedStatus: 'UNSUPPORTED_QUERY' } } }, 'memory');
    await furnish(query);
    const wrong = { headers: { authorization: 'Foo x' } };
    expect(statusOf(await query.send(path, request, wrong))[0]).toBe('UNSUPPORTED_QUERY');
    expect(statusOf(await query.send(path, request, { version: '1.0', ...wrong }))[0]).toBe('FAILURE');
    await query.identity.gateway.dispose();
  });

  test('has to change a password first where that is demanded', async () => {
    const password = 'a password of somebody';
    const name = 'changer';
    await taxii1.identity.person([], { name, password, mustChangePassword: true });
    const basic = Buffer.from(`${name}:${password}`).toString('base64');
    expect(await status({ headers: { authorization: `Basic ${basic}` } })).toEqual([
      'UNAUTHORIZED',
      'Change your password first.',
    ]);
  });

  test('is a page of another origin, which may not call with the credential of a browser', async () => {
    const headers = { origin: 'https://evil.test', cookie: 'gatehouse_session=x' };
    expect((await status({ headers }))[0]).toBe('UNAUTHORIZED');
  });
});

describe('a service', () => {
  test('takes its own messages alone', async () => {
    const unsupported = ['FAILURE', 'Message not supported by this service'];
    expect(await status({}, message('Inbox_Message', ''))).toEqual(unsupported);
    expect(await status({}, request, '/services/inbox-A')).toEqual(unsupported);
    expect(await status({}, message('Collection_Information_Request', ''), '/services/poll-A')).toEqual(unsupported);
    expect(
      await status({}, message('Status_Message', 'in_response_to="1" status_type="SUCCESS"'), '/services/poll-A'),
    ).toEqual(unsupported);
  });

  test('is not served where TAXII 1 is off, and elsewhere where the config says so', async () => {
    const off = await openTaxii1({ taxii: { taxii1: { enabled: false } } }, 'memory');
    expect((await off.send(path, request)).status).toBe(404);
    await off.identity.gateway.dispose();
    const moved = await openTaxii1({ taxii: { taxii1: { pathPrefixes: ['/a/b/', '/services/'] } } }, 'memory');
    await moved.service({ serviceId: 'd', address: '/a/b/c/d', kind: { discovery: {} } });
    expect(statusOf(await moved.send('/a/b/c/d', request))).toEqual(['Discovery_Response']);
    await moved.identity.gateway.dispose();
  });
});

describe('what is no message', () => {
  const xml = ['BAD_MESSAGE', 'Request was invalid XML'];

  test.each([
    ['nothing', ''],
    ['a text', 'abcd'],
    ['a document type', `<!DOCTYPE a>${request}`],
    [
      'a bomb',
      `<!DOCTYPE a [<!ENTITY b "${'c'.repeat(1000)}">]>${request.replace('/>', '>&b;&b;</Discovery_Request>')}`,
    ],
    ['nesting', '<a>'.repeat(200_000)],
    ['Latin-1', `<?xml version="1.0" encoding="ISO-8859-1"?>${request}`],
  ])('is %s', async (_name, body) => {
    const answer = await taxii1.send(path, body);
    const [type, text] = statusOf(answer);
    expect(type).toBe('BAD_MESSAGE');
    if (_name !== 'nesting') expect([type, text]).toEqual(xml);
    expect(answer.message && attribute(answer.message, 'in_response_to')).toBe('0');
  });

  test('is what the schema of its version does not have', async () => {
    expect(await status({}, message('Discovery_Request', '', '', '1.0'))).toEqual([
      'BAD_MESSAGE',
      'Request was not schema valid: "{http://taxii.mitre.org/messages/taxii_xml_binding-1}Discovery_Request is no message ' +
        'of http://taxii.mitre.org/messages/taxii_xml_binding-1.1." for content type ' +
        '"urn:taxii.mitre.org:message:xml:1.1"',
    ]);
    expect(await status({}, message('Discovery_Request', 'more="1"'))).toEqual([
      'BAD_MESSAGE',
      'Request was not schema valid: "Discovery_Request may not have the attribute more." for content type ' +
        '"urn:taxii.mitre.org:message:xml:1.1"',
    ]);
  });
});

describe('what went wrong inside', () => {
  test('is told to nobody, unless the config says so', async () => {
    for (const [returnServerErrorDetails, told] of [
      [false, 'Server error occurred'],
      [true, 'Server error occurred: the database fell over'],
    ] as const) {
      const broken = await openTaxii1({ taxii: { returnServerErrorDetails } }, 'memory');
      await furnish(broken);
      const { serviceStore } = await import('#resolvers/threat/services/service.ts');
      broken.identity.system.use(serviceStore).getByServiceId = async () => {
        throw new Error('the database fell over');
      };
      const answer = await broken.send(path, request);
      expect([answer.status, ...statusOf(answer)]).toEqual([200, 'FAILURE', told]);
      await broken.identity.gateway.dispose();
    }
  });
});
