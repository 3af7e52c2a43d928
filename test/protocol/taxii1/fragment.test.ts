import fc from 'fast-check';
import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { elementWriter } from '#plugins/taxii/taxii1/xml/write.ts';
import { contentOf, inbox11, ns11, read11 } from './reading.ts';

const captured = async (content: string, scope?: string) => contentOf(await read11(inbox11(content, scope)));

/** What a fragment means: names and namespaces resolved, each prefix that a value may hold told by what it stands for. */
function meaningOf(fragment: string): unknown[] {
  const parser = new SaxesParser({ xmlns: true });
  const events: unknown[] = [];
  const text = (more: string) => {
    const last = events.at(-1);
    if (typeof last === 'string') events.splice(-1, 1, last + more);
    else if (more !== '') events.push(more);
  };
  let depth = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local, uri, attributes }) => {
    depth += 1;
    if (depth === 1) return;
    const own = Object.values(attributes as Record<string, SaxesAttributeNS>)
      .filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns')
      .map((one) => `${one.uri} ${one.local}=${one.value}`);
    const meant = ['p', 'q', ''].map((prefix) => parser.resolve(prefix) ?? '');
    events.push(['open', uri, local, own.sort(), meant]);
  });
  parser.on('closetag', () => {
    depth -= 1;
    if (depth > 0) events.push(['close']);
  });
  parser.on('text', (more) => depth > 0 && text(more));
  parser.on('cdata', text);
  parser.on('comment', (comment) => events.push(['comment', comment]));
  parser.on('processinginstruction', ({ target, body }) => events.push(['instruction', target, body]));
  parser.write(fragment).close();
  return events;
}

describe('the content of a block', () => {
  test('is text where it has no elements', async () => {
    expect(await captured(' a &lt;b&gt; <![CDATA[<c/>]]> &amp;amp; é ')).toEqual({
      text: ' a <b> <c/> &amp; é ',
      isXml: false,
    });
    expect(await captured('')).toEqual({ text: '', isXml: false });
    expect(await captured('a<!-- b -->c')).toEqual({ text: 'ac', isXml: false });
  });

  test('is XML that stands alone: every prefix in scope is declared on it, used in names or not', async () => {
    const content = await captured(
      '<s:a xsi:type="voc:b"><c/></s:a>',
      ' xmlns:s="urn:s" xmlns:voc="urn:v" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
    );
    expect(content).toEqual({
      text:
        `<s:a xmlns:t="${ns11}" xmlns:s="urn:s" xmlns:voc="urn:v" ` +
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="voc:b"><c/></s:a>',
      isXml: true,
    });
  });

  test('keeps what it declares itself, and the default namespace around it', async () => {
    const message =
      `<Inbox_Message xmlns="${ns11}" xmlns:s="urn:outer" message_id="1"><Content_Block>` +
      '<Content_Binding binding_id="urn:x"/><Content xmlns:late="urn:l"><a xmlns:s="urn:own" s:b="1"/><c xmlns=""/></Content>' +
      '</Content_Block></Inbox_Message>';
    expect(contentOf(await read11(message))).toEqual({
      text:
        `<a xmlns:late="urn:l" xmlns="${ns11}" xmlns:s="urn:own" s:b="1"/>` +
        '<c xmlns:late="urn:l" xmlns:s="urn:outer" xmlns=""/>',
      isXml: true,
    });
  });

  test('keeps white space, comments, instructions and several elements as they are', async () => {
    const inner = '\n  <!-- one --><a>\n\t<b/> x </a><?two three?>\n<c>&lt;&amp;&#xD;&gt;</c> tail &lt; ';
    const content = await captured(inner);
    expect(content?.text.replaceAll(` xmlns:t="${ns11}"`, '')).toBe(inner);
  });

  test('keeps what attributes hold, white space that was written as such too', async () => {
    const content = await captured('<a b="&quot;&lt;&amp;&#9;&#xA;&#13;\'&gt;"/>');
    expect(content?.text).toContain('b="&quot;&lt;&amp;&#x9;&#xA;&#xD;\'>"');
  });

  test('takes names that objects inherit for names', async () => {
    const content = await captured('<__proto__ constructor="1"><toString/></__proto__>', ' xmlns:__proto__="urn:p"');
    expect(content?.text).toBe(
      `<__proto__ xmlns:t="${ns11}" xmlns:__proto__="urn:p" constructor="1"><toString/></__proto__>`,
    );
  });

  const name = fc.constantFrom('a', 'p:b', 'q:c', 'x-1');
  const value = fc
    .string({ unit: fc.constantFrom('a', ' ', '\n', '\t', '<', '&', '"', "'", '>', ']', 'é', '😀', '\r') })
    .map((text) => text.replace(/[&<>"\r\n\t]/g, (one) => `&#${one.charCodeAt(0)};`));
  const node: fc.Memo<string> = fc.memo((depth) =>
    fc.oneof(
      value,
      fc.constantFrom('<!-- c -->', '<?i n?>', '<![CDATA[<&>]]>'),
      ...(depth > 1
        ? [
            fc
              .tuple(
                name,
                fc.option(fc.constantFrom('xmlns:p="urn:other"', 'xmlns="urn:d"', 'xmlns=""'), { nil: '' }),
                fc.option(
                  value.map((text) => `p:k="${text}"`),
                  { nil: '' },
                ),
                fc.array(node(depth - 1), { maxLength: 4 }),
              )
              .map(([tag, ns, at, inner]) => `<${tag} ${ns} ${at}>${inner.join('')}</${tag}>`),
          ]
        : []),
    ),
  );

  test('means the same alone, and again in an answer, as where it came from', async () => {
    const scope = ' xmlns:p="urn:p" xmlns:q="urn:q"';
    await fc.assert(
      fc.asyncProperty(fc.array(node(4), { maxLength: 5 }), fc.boolean(), async (nodes, hasDefault) => {
        const outer = hasDefault ? `${scope} xmlns="urn:default"` : scope;
        const inner = `<a>${nodes.join('')}</a>`;
        const content = await captured(inner, outer);
        const meant = meaningOf(`<root${outer}>${inner}</root>`);
        expect(meaningOf(`<root>${content?.text}</root>`)).toEqual(meant);
        const write = elementWriter('taxii_11');
        const answer = write('Content', { 'xmlns:taxii_11': ns11 }, content?.text ?? '');
        expect(meaningOf(answer)).toEqual(meant);
        const again = await captured(content?.text ?? '', outer);
        expect(meaningOf(`<root>${again?.text}</root>`)).toEqual(meant);
      }),
      { numRuns: 200 },
    );
  });
});
