import type { Exchange } from '#plugins/taxii/taxii1/exchange.ts';
import { messageBindings } from '#plugins/taxii/taxii1/version.ts';
import { attribute, child, childrenOf, type MessageElement, needed } from '#plugins/taxii/taxii1/xml/element.ts';
import { textNode, type Xml } from '#plugins/taxii/taxii1/xml/write.ts';
import type { ContentBinding } from '#resolvers/threat/content-blocks/binding.ts';
import { instancesOfService, type ServiceInstance } from '#resolvers/threat/services/instances.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';

/** The content bindings that an element lists. */
export const readBindings = ({ version }: Exchange, element: MessageElement): ContentBinding[] =>
  childrenOf(element, 'Content_Binding').map((one) => readBinding(version.number, one));

/** The binding of a block; null where it names none. */
export function readBlockBinding({ version }: Exchange, block: MessageElement): ContentBinding | null {
  const element = child(block, 'Content_Binding');
  const read = element ? readBinding(version.number, element) : null;
  return read && (read.binding !== '' || read.subtypes.length > 0) ? read : null;
}

/** 1.0 knows no subtypes: whatever stands there is the binding. */
const readBinding = (version: '1.0' | '1.1', element: MessageElement): ContentBinding =>
  version === '1.0'
    ? { binding: element.text.trim(), subtypes: [] }
    : {
        binding: needed(element, 'binding_id'),
        subtypes: childrenOf(element, 'Subtype').flatMap((subtype) => attribute(subtype, 'subtype_id') ?? []),
      };

/** A content binding; null, which a block may have, is one without a name. */
export function writeBinding({ version, write }: Exchange, binding: ContentBinding | null): Xml {
  const { binding: id, subtypes } = binding ?? { binding: '', subtypes: [] };
  if (version.number === '1.0') return write('Content_Binding', {}, textNode(id));
  const inner = subtypes.map((subtype) => write('Subtype', { subtype_id: subtype }));
  return write('Content_Binding', { binding_id: id }, ...inner);
}

/** How a service is reached: by which protocol, where, and with which messages. */
export const writeContact = ({ write }: Exchange, { protocolBinding, address }: ServiceInstance): readonly Xml[] => [
  write('Protocol_Binding', {}, textNode(protocolBinding)),
  write('Address', {}, textNode(address)),
  ...messageBindings.map((binding) => write('Message_Binding', {}, textNode(binding))),
];

/** One element for each way in which services are reached. */
export const writeContacts = (
  exchange: Exchange,
  name: string,
  services: readonly TaxiiService[],
  more: (service: TaxiiService) => readonly Xml[] = () => [],
): Xml[] =>
  services.flatMap((service) =>
    instancesOfService(service, exchange.publicUrl).map((instance) =>
      exchange.write(name, {}, ...writeContact(exchange, instance), ...more(service)),
    ),
  );

/** What an inbox or a data collection takes; nothing where it takes all. */
export const writeSupported = (
  exchange: Exchange,
  holder: { readonly acceptAllContent: boolean; readonly supportedContent: readonly ContentBinding[] },
): Xml[] => (holder.acceptAllContent ? [] : holder.supportedContent.map((binding) => writeBinding(exchange, binding)));
