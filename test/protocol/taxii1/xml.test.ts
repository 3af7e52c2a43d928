import { describe, expect, test } from 'vitest';
import { table11 } from '#plugins/taxii/taxii1/messages/table-11.ts';
import { readMessage } from '#plugins/taxii/taxii1/xml/reader.ts';
import { contentOf, faultOf, inbox11, limits, ns11, read11 } from './reading.ts';

const request = `<Discovery_Request xmlns="${ns11}" message_id="1"/>`;
const invalid = /^InvalidXml: /;

describe('what is read', () => {
  test.each([
    ['UTF-8', Buffer.from(request)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${request}`)],
    ['UTF-8 that says so', Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n${request}`)],
    ['UTF-16, the lower byte first', Buffer.from(`\ufeff${request}`, 'utf16le')],
    ['UTF-16, the higher byte first', Buffer.from(`\ufeff${request}`, 'utf16le').swap16()],
    ['UTF-16 that says so', Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${request}`, 'utf16le')],
    ['comments and instructions around the root', Buffer.from(`<!-- a --><?b c?>${request}<!-- d -->\n`)],
  ])('is %s', async (_name, bytes) => {
    expect((await read11(bytes)).attributes.get('message_id')).toBe('1');
  });

  test('does not depend on where it is cut', async () => {
    const document = Buffer.from(inbox11('<a xmlns:b="urn:b" b:c="&lt;ö&#x1F600;">😀 &amp; ö<![CDATA[<&]]></a>'));
    const whole = contentOf(await read11(document));
    for (const size of [1, 2, 3, 5, 7]) expect(contentOf(await read11(document, {}, size))).toEqual(whole);
    const wide = Buffer.from(`\ufeff${document}`, 'utf16le');
    for (const size of [1, 3]) expect(contentOf(await read11(wide, {}, size))).toEqual(whole);
  });
});

describe('what is refused as no XML', () => {
  const entities = [...Array(9)].map((_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
  test.each([
    ['nothing', ''],
    ['a text', 'abcd'],
    ['an element that is not closed', request.replace('/>', '>')],
    ['a second root', request + request],
    ['text after the root', `${request}x`],
    ['a document type', `<!DOCTYPE Discovery_Request>${request}`],
    ['a bomb of entities', `<!DOCTYPE x [<!ENTITY l0 "lol">${entities}]>${inbox11('&l9;')}`],
    ['an entity elsewhere', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${inbox11('&e;')}`],
    ['a parameter entity', `<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>${request}`],
    ['an entity that nobody knows', inbox11('&nbsp;')],
    ['an entity named as what objects inherit', inbox11('&constructor;')],
    ['a reference to NUL', inbox11('&#0;')],
    ['a reference to half a pair', inbox11('&#xD800;')],
    ['a control character', inbox11('\u0001')],
    ['U+FFFE', inbox11('\ufffe')],
    ['an attribute twice', request.replace('message_id="1"', 'message_id="1" message_id="2"')],
    ['the same attribute under two prefixes', inbox11('<a xmlns:b="urn:x" xmlns:c="urn:x" b:d="1" c:d="2"/>')],
    ['a prefix that is not declared', inbox11('<a:b/>')],
    ['a prefix named as what objects inherit', inbox11('<constructor:b/>')],
    ['an instruction in the place of the declaration', ` <?xml version="1.0"?>${request}`],
    ['tags that cross', inbox11('<a><b></a></b>')],
  ])('is %s', async (_name, document) => {
    expect(await faultOf(read11(document))).toMatch(invalid);
  });

  test.each([
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from(request), Buffer.from([0xc3])])],
    ['Latin-1', Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${request}`)],
    ['UTF-8 that says that it is UTF-16', Buffer.from(`<?xml version="1.0" encoding="UTF-16"?>${request}`)],
    [
      'UTF-16 that says that it is UTF-8',
      Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-8"?>${request}`, 'utf16le'),
    ],
    ['UTF-16 without a mark', Buffer.from(request, 'utf16le')],
    ['UTF-32', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from(request, 'utf16le')])],
    ['UTF-16 with half a pair', Buffer.from(`\ufeff${inbox11('\ud800')}`, 'utf16le')],
    ['UTF-16 that ends within a character', Buffer.from(`\ufeff${request}`, 'utf16le').subarray(0, -1)],
    ['UTF-7', Buffer.from(`<?xml version="1.0" encoding="UTF-7"?>${request.replaceAll('<', '+ADw-')}`)],
  ])('is %s', async (_name, bytes) => {
    expect(await faultOf(read11(bytes))).toMatch(invalid);
  });

  test('is nesting beyond the limit, however deep, at once', async () => {
    const deep = (levels: number) => inbox11('<a>'.repeat(levels) + '</a>'.repeat(levels));
    expect(await faultOf(read11(deep(125)))).toBe('read');
    expect(await faultOf(read11(deep(126)))).toBe('InvalidXml: It is nested deeper than 128 elements.');
    expect(await faultOf(read11(deep(10), { maxDepth: 12 }))).toBe('InvalidXml: It is nested deeper than 12 elements.');
    // Without the cut these run for minutes, beyond the time of any test.
    expect(await faultOf(read11('<a xmlns:b="c">'.repeat(200_000)))).toMatch(/^Invalid/);
    expect(await faultOf(read11(inbox11('<a xmlns:b="c" b:d="">'.repeat(200_000))))).toMatch(invalid);
  });

  test('is a root that does not begin, without reading on', async () => {
    let given = 0;
    async function* endless() {
      yield Buffer.from('<!DOCTYPE x [');
      for (;;) {
        given += 1;
        yield Buffer.alloc(64 * 1024, ' ');
      }
    }
    expect(await faultOf(readMessage(endless(), table11, limits))).toBe('InvalidXml: Its root does not begin.');
    expect(given).toBeLessThan(5);
  });

  test('lets others have their turns while it reads', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await read11(inbox11('<a>x</a>'.repeat(100_000)), { maxBlockBytes: 10_000_000, maxContentBytes: 10_000_000 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('what unfolds too far', () => {
  test('is the content of a block beyond its limit', async () => {
    const over = { maxBlockBytes: 100 };
    const declared = ` xmlns:t="${ns11}"`.length;
    expect(await faultOf(read11(inbox11(`<a>${'x'.repeat(93 - declared)}</a>`), over))).toBe('read');
    expect(await faultOf(read11(inbox11(`<a>${'x'.repeat(94 - declared)}</a>`), over))).toMatch(
      /^PayloadTooLargeError/,
    );
    expect(await faultOf(read11(inbox11('x'.repeat(100)), over))).toBe('read');
    expect(await faultOf(read11(inbox11('x'.repeat(101)), over))).toBe(
      'PayloadTooLargeError: The content of a block is larger than 100 bytes (taxii.taxii1.maxBlockBytes).',
    );
    expect(await faultOf(read11(inbox11(`<a b="${'&lt;'.repeat(30)}"/>`), over))).toMatch(/^PayloadTooLargeError/);
  });

  test('is what few declarations become on many elements', async () => {
    const scope = [...Array(2000)].map((_, at) => ` xmlns:p${at}="urn:example:${at}"`).join('');
    expect(await faultOf(read11(inbox11('<a/>'.repeat(100_000), scope)))).toMatch(/^PayloadTooLargeError/);
    const block =
      '<t:Content_Block><t:Content_Binding binding_id="urn:x"/><t:Content><a/></t:Content></t:Content_Block>';
    const many = `<t:Inbox_Message xmlns:t="${ns11}"${scope} message_id="1">${block.repeat(50_000)}</t:Inbox_Message>`;
    expect(await faultOf(read11(many))).toBe(
      'PayloadTooLargeError: The contents of the blocks are larger than 2000000 bytes (threat.maxContentLength).',
    );
  });

  test('is a message of more elements than anybody sends', async () => {
    const poll = (count: number) =>
      `<Poll_Request xmlns="${ns11}" message_id="1" collection_name="c"><Poll_Parameters>` +
      `${'<Content_Binding binding_id="a"/>'.repeat(count)}</Poll_Parameters></Poll_Request>`;
    expect(await faultOf(read11(poll(98), { maxElements: 100 }))).toBe('read');
    expect(await faultOf(read11(poll(99), { maxElements: 100 }))).toBe(
      'PayloadTooLargeError: The message has more than 100 elements.',
    );
  });
});
