import { property, structure, type TypeRules, typeRules } from '#plugins/stix-validator/rules.ts';

/*
 * What STIX 2.1 says of its types: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html. Each line is a list of
 * properties, `!` behind those that are required, and what their values must be behind a colon; a text unless said.
 * Vocabularies that STIX leaves open are open here. What stands in the extensions of an object is not looked at.
 */

const phases = structure('kill_chain_name! phase_name!');
const reference = structure('source_name! description url hashes:hashes external_id', {
  someOf: [['description', 'url', 'external_id']],
});
const marking = structure('lang marking_ref:ref(marking-definition) selectors!:texts', {
  someOf: [['lang', 'marking_ref']],
});
const registryValue = structure('name data data_type');
const mimePart = structure('body body_raw_ref:ref(artifact,file) content_type content_disposition', {
  someOf: [['body', 'body_raw_ref']],
});

const shared = [
  property('external_references', { list: reference }),
  property('granular_markings', { list: marking }),
  ...typeRules('object_marking_refs:refs(marking-definition) extensions:objects').properties,
];
/** Of everything that has a history, and of what describes data. */
const common = typeRules(
  'type! spec_version id! created_by_ref:ref(identity) created!:time modified!:time revoked:boolean labels:texts confidence:integer(0,100) lang',
  { properties: shared },
);
const observed = typeRules('type! spec_version id! defanged:boolean', { properties: shared });
const killChain = property('kill_chain_phases', { list: phases });

const domainObject = (list: string, more: Partial<TypeRules> = {}): TypeRules => typeRules(list, more, common);
const cyberObservable = (list: string, more: Partial<TypeRules> = {}): TypeRules => typeRules(list, more, observed);

const seen = ['first_seen', 'last_seen'] as const;
const threats = 'resource_level primary_motivation secondary_motivations:texts';
const fileTimes = 'ctime:time mtime:time atime:time';

export const stixTypes: ReadonlyMap<string, TypeRules> = new Map(
  Object.entries({
    'attack-pattern': domainObject('name! description aliases:texts', { properties: [killChain] }),
    campaign: domainObject('name! description aliases:texts first_seen:time last_seen:time objective', {
      inOrder: [seen],
    }),
    'course-of-action': domainObject('name! description action'),
    grouping: domainObject('name description context! object_refs!:refs'),
    identity: domainObject('name! description roles:texts identity_class sectors:texts contact_information'),
    incident: domainObject('name! description'),
    indicator: domainObject(
      'name description indicator_types:texts pattern! pattern_type! pattern_version valid_from!:time valid_until:time',
      { properties: [killChain], rising: [['valid_from', 'valid_until']] },
    ),
    infrastructure: domainObject(
      'name! description infrastructure_types:texts aliases:texts first_seen:time last_seen:time',
      { properties: [killChain], inOrder: [seen] },
    ),
    'intrusion-set': domainObject(
      `name! description aliases:texts first_seen:time last_seen:time goals:texts ${threats}`,
      { inOrder: [seen] },
    ),
    location: domainObject(
      'name description latitude:float(-90,90) longitude:float(-180,180) precision:float region country administrative_area city street_address postal_code',
      {
        someOf: [['region', 'country', 'latitude']],
        demands: [
          ['latitude', 'longitude'],
          ['longitude', 'latitude'],
          ['precision', 'longitude'],
        ],
      },
    ),
    malware: domainObject(
      'name description malware_types:texts is_family!:boolean aliases:texts first_seen:time last_seen:time operating_system_refs:refs(software) architecture_execution_envs:texts implementation_languages:texts capabilities:texts sample_refs:refs(artifact,file)',
      {
        properties: [killChain],
        inOrder: [seen],
        fault: ({ is_family: isFamily, name }) =>
          isFamily === true && name === undefined ? 'name: is required of a family' : null,
      },
    ),
    'malware-analysis': domainObject(
      'product! version host_vm_ref:ref(software) operating_system_ref:ref(software) installed_software_refs:refs(software) configuration_version modules:texts analysis_engine_version analysis_definition_version submitted:time analysis_started:time analysis_ended:time result_name result analysis_sco_refs:refs sample_ref:ref',
      { someOf: [['result', 'analysis_sco_refs']] },
    ),
    note: domainObject('abstract content! authors:texts object_refs!:refs'),
    'observed-data': domainObject(
      'first_observed!:time last_observed!:time number_observed!:integer(1,999999999) objects:objects object_refs:refs',
      {
        someOf: [['objects', 'object_refs']],
        notBoth: [['objects', 'object_refs']],
        inOrder: [['first_observed', 'last_observed']],
      },
    ),
    opinion: domainObject(
      'explanation authors:texts opinion!:one(strongly-disagree,disagree,neutral,agree,strongly-agree) object_refs!:refs',
    ),
    report: domainObject('name! description report_types:texts published!:time object_refs!:refs'),
    'threat-actor': domainObject(
      `name! description threat_actor_types:texts aliases:texts first_seen:time last_seen:time roles:texts goals:texts sophistication ${threats} personal_motivations:texts`,
      { inOrder: [seen] },
    ),
    tool: domainObject('name! description tool_types:texts aliases:texts tool_version', { properties: [killChain] }),
    vulnerability: domainObject('name! description'),

    relationship: domainObject(
      'relationship_type! description source_ref!:ref target_ref!:ref start_time:time stop_time:time',
      { rising: [['start_time', 'stop_time']] },
    ),
    sighting: domainObject(
      'description first_seen:time last_seen:time count:integer(0,999999999) sighting_of_ref!:ref observed_data_refs:refs(observed-data) where_sighted_refs:refs(identity,location) summary:boolean',
      { inOrder: [seen] },
    ),

    'marking-definition': typeRules(
      'type! spec_version id! created_by_ref:ref(identity) created!:time name definition_type definition:object',
      {
        properties: shared,
        someOf: [['definition_type', 'extensions']],
        demands: [
          ['definition_type', 'definition'],
          ['definition', 'definition_type'],
        ],
      },
    ),
    'language-content': domainObject('object_ref!:ref object_modified:time contents!:objects'),
    'extension-definition': domainObject(
      'name! description schema! version! extension_types!:several(new-sdo,new-sco,new-sro,property-extension,toplevel-property-extension) extension_properties:texts',
      { fault: ({ created_by_ref: author }) => (author === undefined ? 'created_by_ref: is required' : null) },
    ),

    artifact: cyberObservable(
      'mime_type payload_bin:binary url hashes:hashes encryption_algorithm:one(AES-256-GCM,ChaCha20-Poly1305,mime-type-indicated) decryption_key',
      {
        someOf: [['payload_bin', 'url']],
        notBoth: [['payload_bin', 'url']],
        demands: [
          ['url', 'hashes'],
          ['decryption_key', 'encryption_algorithm'],
        ],
      },
    ),
    'autonomous-system': cyberObservable('number!:integer name rir'),
    directory: cyberObservable(`path! path_enc ${fileTimes} contains_refs:refs(file,directory)`),
    'domain-name': cyberObservable('value! resolves_to_refs:refs(ipv4-addr,ipv6-addr,domain-name)'),
    'email-addr': cyberObservable('value! display_name belongs_to_ref:ref(user-account)'),
    'email-message': cyberObservable(
      'is_multipart!:boolean date:time content_type from_ref:ref(email-addr) sender_ref:ref(email-addr) to_refs:refs(email-addr) cc_refs:refs(email-addr) bcc_refs:refs(email-addr) message_id subject received_lines:texts additional_header_fields:object body raw_email_ref:ref(artifact)',
      {
        properties: [property('body_multipart', { list: mimePart })],
        fault: ({ is_multipart: isMultipart, body, body_multipart: parts }) =>
          (isMultipart ? body : parts) === undefined
            ? null
            : `${isMultipart ? 'body' : 'body_multipart'}: is not for a message where is_multipart is ${isMultipart}`,
      },
    ),
    file: cyberObservable(
      `hashes:hashes size:integer(0) name name_enc magic_number_hex:hex mime_type ${fileTimes} parent_directory_ref:ref(directory) contains_refs:refs content_ref:ref(artifact)`,
      { someOf: [['hashes', 'name']] },
    ),
    'ipv4-addr': cyberObservable('value! resolves_to_refs:refs(mac-addr) belongs_to_refs:refs(autonomous-system)'),
    'ipv6-addr': cyberObservable('value! resolves_to_refs:refs(mac-addr) belongs_to_refs:refs(autonomous-system)'),
    'mac-addr': cyberObservable('value!'),
    mutex: cyberObservable('name!'),
    'network-traffic': cyberObservable(
      'start:time end:time is_active:boolean src_ref:ref(ipv4-addr,ipv6-addr,mac-addr,domain-name) dst_ref:ref(ipv4-addr,ipv6-addr,mac-addr,domain-name) src_port:integer(0,65535) dst_port:integer(0,65535) protocols!:texts src_byte_count:integer(0) dst_byte_count:integer(0) src_packets:integer(0) dst_packets:integer(0) ipfix:object src_payload_ref:ref(artifact) dst_payload_ref:ref(artifact) encapsulates_refs:refs(network-traffic) encapsulated_by_ref:ref(network-traffic)',
      {
        someOf: [['src_ref', 'dst_ref']],
        inOrder: [['start', 'end']],
        fault: ({ is_active: isActive, end }) =>
          isActive === true && end !== undefined ? 'end: is not for traffic that is active' : null,
      },
    ),
    process: cyberObservable(
      'is_hidden:boolean pid:integer created_time:time cwd command_line environment_variables:object opened_connection_refs:refs(network-traffic) creator_user_ref:ref(user-account) image_ref:ref(file) parent_ref:ref(process) child_refs:refs(process)',
      { needsAny: true },
    ),
    software: cyberObservable('name! cpe swid languages:texts vendor version'),
    url: cyberObservable('value!'),
    'user-account': cyberObservable(
      'user_id credential account_login account_type display_name is_service_account:boolean is_privileged:boolean can_escalate_privs:boolean is_disabled:boolean account_created:time account_expires:time credential_last_changed:time account_first_login:time account_last_login:time',
      { needsAny: true },
    ),
    'windows-registry-key': cyberObservable(
      'key modified_time:time creator_user_ref:ref(user-account) number_of_subkeys:integer(0)',
      { properties: [property('values', { list: registryValue })] },
    ),
    'x509-certificate': cyberObservable(
      'is_self_signed:boolean hashes:hashes version serial_number signature_algorithm issuer validity_not_before:time validity_not_after:time subject subject_public_key_algorithm subject_public_key_modulus subject_public_key_exponent:integer x509_v3_extensions:object',
      { needsAny: true },
    ),
  }),
);
