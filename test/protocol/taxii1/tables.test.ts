import { describe, expect, test } from 'vitest';
import { readLabel } from '#plugins/taxii/taxii1/messages/label.ts';
import { faultOf, ns10, ns11, read10, read11 } from './reading.ts';

const m10 = (name: string, attributes: string, inner = '') =>
  `<${name} xmlns="${ns10}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ${attributes}>${inner}</${name}>`;
const m11 = (name: string, attributes: string, inner = '') => m10(name, attributes, inner).replace(ns10, ns11);

const contact =
  '<Protocol_Binding>urn:p</Protocol_Binding><Address>http://a</Address><Message_Binding>urn:m</Message_Binding>';
const headers = '<Extended_Headers><Extended_Header name="urn:h">a<b c="d"/></Extended_Header></Extended_Headers>';
const signature = '<ds:Signature Id="s"><ds:SignedInfo><x/></ds:SignedInfo></ds:Signature>';
const block10 = (more = '') =>
  `<Content_Block><Content_Binding>urn:x</Content_Binding><Content>a</Content>${more}</Content_Block>`;
const block11 = (more = '') =>
  `<Content_Block><Content_Binding binding_id="urn:x"/><Content>a</Content>${more}</Content_Block>`;

describe('messages of 1.1', () => {
  test.each([
    ['Discovery_Request', 'message_id="a b/c"', ''],
    ['Discovery_Request', 'message_id="1"', headers + signature],
    ['Collection_Information_Request', 'message_id="1"', ''],
    [
      'Subscription_Management_Request',
      'message_id="1" collection_name="c" action="SUBSCRIBE"',
      `<Subscription_Parameters><Response_Type>FULL</Response_Type><Content_Binding binding_id="urn:x">
       <Subtype subtype_id="s"/><Subtype subtype_id="t"/></Content_Binding></Subscription_Parameters>
       <Push_Parameters>${contact}</Push_Parameters>`,
    ],
    ['Subscription_Management_Request', 'message_id="1" collection_name="c" action="ANYTHING"', ''],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      `<Exclusive_Begin_Timestamp>2024-01-01T00:00:00Z</Exclusive_Begin_Timestamp>
       <Poll_Parameters allow_asynch="1"><Query format_id="urn:q"><any/></Query>
       <Delivery_Parameters>${contact}</Delivery_Parameters></Poll_Parameters>`,
    ],
    ['Poll_Request', 'message_id="1" collection_name="c"', '<Subscription_ID>s</Subscription_ID>'],
    ['Poll_Fulfillment', 'message_id="1" collection_name="c" result_id="r"', ''],
    ['Poll_Fulfillment', 'message_id="1" collection_name="c" result_id="r" result_part_number="2"', signature],
    ['Inbox_Message', 'message_id="1"', ''],
    [
      'Inbox_Message',
      'message_id="1" result_id="r"',
      `${headers}<Destination_Collection_Name>c</Destination_Collection_Name>
       <Destination_Collection_Name>d</Destination_Collection_Name><Message>m</Message>
       <Source_Subscription collection_name="c"><Subscription_ID>s</Subscription_ID></Source_Subscription>
       <Record_Count partial_count="true">+12</Record_Count>${block11(
         `<Timestamp_Label>2024-01-01T01:30:00.5+01:30</Timestamp_Label><Message>x</Message><Padding>p</Padding>${signature}`,
       )}${block11()}${signature}`,
    ],
    ['Status_Message', 'message_id="1" in_response_to="0" status_type="urn:own"', ''],
  ])('are taken: %s %s', async (name, attributes, inner) => {
    expect(await faultOf(read11(m11(name, attributes, inner)))).toBe('read');
  });

  test('has where the schema has a place for it', async () => {
    const located = m11('Discovery_Request', 'message_id="1"').replace(
      ' message_id',
      ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a b" message_id',
    );
    expect(await faultOf(read11(located))).toBe('read');
  });

  test.each([
    ['Discovery_Request', '', '', 'Discovery_Request has no attribute message_id.'],
    ['Discovery_Request', 'message_id="1" more="1"', '', 'Discovery_Request may not have the attribute more.'],
    ['Discovery_Request', 'message_id="1" xml:lang="en"', '', 'Discovery_Request may not have the attribute xml:lang.'],
    ['Discovery_Request', 'message_id="1"', 'text', 'Discovery_Request holds text.'],
    ['Discovery_Request', 'message_id="1"', '<a/>', 'Discovery_Request may not have a here.'],
    [
      'Discovery_Request',
      'message_id="1"',
      signature + headers,
      'Discovery_Request may not have Extended_Headers here.',
    ],
    ['Discovery_Request', 'message_id="1"', '<Extended_Headers/>', 'Extended_Headers has no Extended_Header.'],
    ['Nothing', 'message_id="1"', '', `Nothing is no message of ${ns11}.`],
    ['constructor', 'message_id="1"', '', `constructor is no message of ${ns11}.`],
    ['Feed_Information_Request', 'message_id="1"', '', `Feed_Information_Request is no message of ${ns11}.`],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '',
      'Poll_Request has no Subscription_ID or Poll_Parameters.',
    ],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '<Subscription_ID>s</Subscription_ID><Poll_Parameters/>',
      'Poll_Request may not have Poll_Parameters here.',
    ],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '<Inclusive_End_Timestamp>2024-01-01</Inclusive_End_Timestamp><Poll_Parameters/>',
      'Inclusive_End_Timestamp is not a timestamp with a zone and at most six digits after the second.',
    ],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '<Poll_Parameters><Response_Type>SOME</Response_Type></Poll_Parameters>',
      'Response_Type is not one of COUNT_ONLY, FULL.',
    ],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '<Poll_Parameters allow_asynch="yes"/>',
      'The attribute allow_asynch of Poll_Parameters is not true or false.',
    ],
    [
      'Poll_Fulfillment',
      'message_id="1" collection_name="c" result_id="r" result_part_number="0"',
      '',
      'The attribute result_part_number of Poll_Fulfillment is not a positive number.',
    ],
    ['Inbox_Message', 'message_id="1"', '<Content_Block/>', 'Content_Block has no Content_Binding.'],
    [
      'Inbox_Message',
      'message_id="1"',
      '<Content_Block><Content/></Content_Block>',
      'Content_Block has Content where Content_Binding is expected.',
    ],
    [
      'Inbox_Message',
      'message_id="1"',
      block11().replace('/>', '><Subtype subtype_id="a"/><Subtype subtype_id="b"/></Content_Binding>'),
      'Content_Binding may not have Subtype here.',
    ],
    [
      'Inbox_Message',
      'message_id="1"',
      '<Record_Count>-1</Record_Count>',
      'Record_Count is not a number that is not negative.',
    ],
    ['Inbox_Message', 'message_id="1"', '<Message><b/></Message>', 'Message holds b, but only text may be in it.'],
    [
      'Inbox_Message',
      'message_id="1"',
      '<Message/><Destination_Collection_Name>c</Destination_Collection_Name>',
      'Inbox_Message may not have Destination_Collection_Name here.',
    ],
  ])('are refused: %s %s %s', async (name, attributes, inner, why) => {
    const fault = await faultOf(read11(m11(name, attributes, inner)));
    expect(fault.replaceAll(`{${ns11}}`, '')).toBe(`InvalidMessage: ${why}`);
  });

  test('are of the one namespace alone', async () => {
    expect(await faultOf(read11(m10('Discovery_Request', 'message_id="1"')))).toBe(
      `InvalidMessage: {${ns10}}Discovery_Request is no message of ${ns11}.`,
    );
    const foreign = m11('Poll_Request', 'message_id="1" collection_name="c"', '<Poll_Parameters xmlns="urn:o"/>');
    expect(await faultOf(read11(foreign))).toContain('has {urn:o}Poll_Parameters where');
  });

  test('never say more of a name than can be read', async () => {
    const fault = await faultOf(read11(m11(`A${'b'.repeat(100_000)}`, 'message_id="1"')));
    expect(fault.length).toBeLessThan(400);
  });
});

describe('messages of 1.0', () => {
  test.each([
    ['Discovery_Request', 'message_id="12"', headers],
    ['Feed_Information_Request', 'message_id="1"', ''],
    ['Subscription_Management_Request', 'message_id="1" feed_name="f" action="STATUS" subscription_id="s"', ''],
    [
      'Poll_Request',
      'message_id="1" feed_name="f"',
      '<Inclusive_End_Timestamp>2024-01-01T00:00:00.123456Z</Inclusive_End_Timestamp><Content_Binding>urn:x</Content_Binding>',
    ],
    [
      'Inbox_Message',
      'message_id="1"',
      `<Message/><Source_Subscription feed_name="f"><Inclusive_End_Timestamp>2024-01-01T00:00:00Z</Inclusive_End_Timestamp>
       </Source_Subscription>${block10('<Padding>x</Padding>')}`,
    ],
  ])('are taken: %s %s', async (name, attributes, inner) => {
    expect(await faultOf(read10(m10(name, attributes, inner)))).toBe('read');
  });

  test.each([
    [
      'Discovery_Request',
      'message_id="a"',
      '',
      'The attribute message_id of Discovery_Request is not a text of digits.',
    ],
    [
      'Discovery_Request',
      'message_id="-1"',
      '',
      'The attribute message_id of Discovery_Request is not a text of digits.',
    ],
    [
      'Collection_Information_Request',
      'message_id="1"',
      '',
      `Collection_Information_Request is no message of ${ns10}.`,
    ],
    ['Poll_Fulfillment', 'message_id="1"', '', `Poll_Fulfillment is no message of ${ns10}.`],
    [
      'Poll_Request',
      'message_id="1" collection_name="c"',
      '',
      'Poll_Request may not have the attribute collection_name.',
    ],
    ['Inbox_Message', 'message_id="1"', block10('<Message>m</Message>'), 'Content_Block may not have Message here.'],
    [
      'Inbox_Message',
      'message_id="1"',
      '<Destination_Collection_Name>c</Destination_Collection_Name>',
      'Inbox_Message may not have Destination_Collection_Name here.',
    ],
  ])('are refused: %s %s', async (name, attributes, inner, why) => {
    expect(await faultOf(read10(m10(name, attributes, inner)))).toBe(`InvalidMessage: ${why}`);
  });
});

describe('a timestamp label', () => {
  test.each([
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.000000Z'],
    ['2024-01-01T00:00:00.1Z', '2024-01-01T00:00:00.100000Z'],
    ['2024-02-29T23:59:59.123456+00:00', '2024-02-29T23:59:59.123456Z'],
    ['2024-01-01T00:30:00.000001+01:00', '2023-12-31T23:30:00.000001Z'],
    ['2024-01-01T00:30:00-05:30', '2024-01-01T06:00:00.000000Z'],
    ['2024-01-01T00:00:00', null],
    ['2024-01-01T00:00:00.1234567Z', null],
    ['2024-02-30T00:00:00Z', null],
    ['2024-01-01T24:00:00Z', null],
    ['2024-01-01T00:00:00+14:01', null],
    ['2024-01-01T00:00:00+01:60', null],
    ['0001-01-01T00:00:00+01:00', null],
    ['9999-12-31T23:00:00-02:00', null],
    ['-2024-01-01T00:00:00Z', null],
    [' 2024-01-01T00:00:00Z', null],
  ])('%s is %s', (text, instant) => {
    expect(readLabel(text)).toBe(instant);
  });
});
