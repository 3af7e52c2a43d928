import {
  bindings,
  kept,
  label,
  many,
  maybe,
  message,
  one,
  pushMethod,
  pushTarget,
  response,
  sequence,
  signature,
  text,
  uri,
} from '#plugins/taxii/taxii1/messages/rules.ts';
import type { ElementRule, MessageTable } from '#plugins/taxii/taxii1/xml/rule.ts';

const contact = sequence({}, ...bindings);
const push = sequence({}, ...pushTarget, many('Content_Binding', uri));

const contentBlock = sequence(
  {},
  one('Content_Binding', text),
  one('Content', kept()),
  maybe('Timestamp_Label', label),
  maybe('Padding', text),
  signature,
);

const serviceInstance = sequence(
  {
    required: {
      service_type: ['DISCOVERY', 'FEED_MANAGEMENT', 'INBOX', 'POLL'],
      service_version: 'uri',
    },
    optional: { available: 'boolean' },
  },
  ...bindings,
  many('Content_Binding', uri),
  maybe('Message', text),
);

const feed = sequence(
  { required: { feed_name: 'uri' }, optional: { available: 'boolean' } },
  one('Description', text),
  many('Content_Binding', uri),
  many('Push_Method', pushMethod),
  many('Polling_Service', contact),
  many('Subscription_Service', contact),
);

const roots: Readonly<Record<string, ElementRule>> = {
  Status_Message: response(
    'digits',
    { required: { status_type: 'uri' } },
    maybe('Status_Detail', text),
    maybe('Message', text),
  ),
  Discovery_Request: message('digits', {}),
  Discovery_Response: response('digits', {}, many('Service_Instance', serviceInstance)),
  Feed_Information_Request: message('digits', {}),
  Feed_Information_Response: response('digits', {}, many('Feed', feed)),
  // What an action is, is told by its own status and not by the schema.
  Subscription_Management_Request: message(
    'digits',
    { required: { action: 'string', feed_name: 'uri' }, optional: { subscription_id: 'uri' } },
    maybe('Push_Parameters', push),
  ),
  Subscription_Management_Response: response(
    'digits',
    { required: { feed_name: 'uri' } },
    maybe('Message', text),
    many(
      'Subscription',
      sequence(
        { required: { subscription_id: 'uri' } },
        maybe('Push_Parameters', push),
        many('Poll_Instance', contact),
      ),
    ),
  ),
  Poll_Request: message(
    'digits',
    { required: { feed_name: 'uri' }, optional: { subscription_id: 'uri' } },
    maybe('Exclusive_Begin_Timestamp', label),
    maybe('Inclusive_End_Timestamp', label),
    many('Content_Binding', uri),
  ),
  Poll_Response: response(
    'digits',
    { required: { feed_name: 'uri' }, optional: { subscription_id: 'uri' } },
    maybe('Message', text),
    maybe('Inclusive_Begin_Timestamp', label),
    one('Inclusive_End_Timestamp', label),
    many('Content_Block', contentBlock),
  ),
  Inbox_Message: message(
    'digits',
    {},
    maybe('Message', text),
    maybe(
      'Source_Subscription',
      sequence(
        { required: { feed_name: 'uri' }, optional: { subscription_id: 'uri' } },
        maybe('Inclusive_Begin_Timestamp', label),
        one('Inclusive_End_Timestamp', label),
      ),
    ),
    many('Content_Block', contentBlock),
  ),
};

/** The messages of TAXII 1.0. */
export const table10: MessageTable = { namespace: 'http://taxii.mitre.org/messages/taxii_xml_binding-1', roots };
