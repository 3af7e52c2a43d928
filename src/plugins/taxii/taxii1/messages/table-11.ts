import {
  bindings,
  dropped,
  kept,
  label,
  many,
  maybe,
  message,
  one,
  oneOf,
  pushMethod,
  pushTarget,
  response,
  sequence,
  signature,
  text,
  uri,
  value,
} from '#plugins/taxii/taxii1/messages/rules.ts';
import type { ElementRule, MessageTable, Particle } from '#plugins/taxii/taxii1/xml/rule.ts';

const contact = sequence({}, ...bindings);
const push = sequence({}, ...pushTarget);

const subtype = sequence({ required: { subtype_id: 'uri' } });
const contentBinding = sequence({ required: { binding_id: 'uri' } }, many('Subtype', subtype));
const blockBinding = sequence({ required: { binding_id: 'uri' } }, maybe('Subtype', subtype));
const wanted: readonly Particle[] = [
  maybe('Response_Type', value(['COUNT_ONLY', 'FULL'])),
  many('Content_Binding', contentBinding),
  maybe('Query', dropped({ required: { format_id: 'uri' } })),
];
const subscriptionParameters = sequence({}, ...wanted);
const recordCount = value('count', { optional: { partial_count: 'boolean' } });

const contentBlock = sequence(
  {},
  one('Content_Binding', blockBinding),
  one('Content', kept()),
  maybe('Timestamp_Label', label),
  maybe('Message', text),
  maybe('Padding', text),
  signature,
);

const serviceInstance = sequence(
  {
    required: {
      service_type: ['DISCOVERY', 'COLLECTION_MANAGEMENT', 'INBOX', 'POLL'],
      service_version: 'uri',
    },
    optional: { available: 'boolean' },
  },
  ...bindings,
  many('Supported_Query', dropped({ required: { format_id: 'uri' } })),
  many('Content_Binding', contentBinding),
  maybe('Message', text),
);

const collection = sequence(
  {
    required: { collection_name: 'uri' },
    optional: { collection_type: ['DATA_FEED', 'DATA_SET'], available: 'boolean' },
  },
  one('Description', text),
  maybe('Collection_Volume', value('count')),
  many('Content_Binding', contentBinding),
  many('Push_Method', pushMethod),
  many('Polling_Service', contact),
  many('Subscription_Service', contact),
  many('Receiving_Inbox_Service', sequence({}, ...bindings, many('Content_Binding', contentBinding))),
);

const subscription = sequence(
  { optional: { status: ['ACTIVE', 'PAUSED', 'UNSUBSCRIBED'] } },
  one('Subscription_ID', uri),
  maybe('Subscription_Parameters', subscriptionParameters),
  maybe('Push_Parameters', push),
  many('Poll_Instance', contact),
);

const roots: Readonly<Record<string, ElementRule>> = {
  Status_Message: response(
    'uri',
    { required: { status_type: 'uri' } },
    maybe('Status_Detail', sequence({}, many('Detail', kept({ required: { name: 'uri' } }), 1))),
    maybe('Message', text),
  ),
  Discovery_Request: message('uri', {}),
  Discovery_Response: response('uri', {}, many('Service_Instance', serviceInstance)),
  Collection_Information_Request: message('uri', {}),
  Collection_Information_Response: response('uri', {}, many('Collection', collection)),
  // What an action is, is told by its own status and not by the schema.
  Subscription_Management_Request: message(
    'uri',
    { required: { action: 'string', collection_name: 'uri' } },
    maybe('Subscription_ID', uri),
    maybe('Subscription_Parameters', subscriptionParameters),
    maybe('Push_Parameters', push),
  ),
  Subscription_Management_Response: response(
    'uri',
    { required: { collection_name: 'uri' } },
    maybe('Message', text),
    many('Subscription', subscription),
  ),
  Poll_Request: message(
    'uri',
    { required: { collection_name: 'uri' } },
    maybe('Exclusive_Begin_Timestamp', label),
    maybe('Inclusive_End_Timestamp', label),
    oneOf({
      Subscription_ID: uri,
      Poll_Parameters: sequence(
        { optional: { allow_asynch: 'boolean' } },
        ...wanted,
        maybe('Delivery_Parameters', push),
      ),
    }),
  ),
  Poll_Response: response(
    'uri',
    {
      required: { collection_name: 'uri' },
      optional: { more: 'boolean', result_id: 'uri', result_part_number: 'number' },
    },
    maybe('Subscription_ID', uri),
    maybe('Exclusive_Begin_Timestamp', label),
    maybe('Inclusive_End_Timestamp', label),
    maybe('Record_Count', recordCount),
    maybe('Message', text),
    many('Content_Block', contentBlock),
  ),
  Poll_Fulfillment: message('uri', {
    required: { collection_name: 'uri', result_id: 'uri' },
    optional: { result_part_number: 'number' },
  }),
  Inbox_Message: message(
    'uri',
    { optional: { result_id: 'uri' } },
    many('Destination_Collection_Name', uri),
    maybe('Message', text),
    maybe(
      'Source_Subscription',
      sequence(
        { required: { collection_name: 'uri' } },
        one('Subscription_ID', uri),
        maybe('Exclusive_Begin_Timestamp', label),
        maybe('Inclusive_End_Timestamp', label),
      ),
    ),
    maybe('Record_Count', recordCount),
    many('Content_Block', contentBlock),
  ),
};

/** The messages of TAXII 1.1. */
export const table11: MessageTable = { namespace: 'http://taxii.mitre.org/messages/taxii_xml_binding-1.1', roots };
