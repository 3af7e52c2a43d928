// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML does not have
const illegal = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const textForms: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' };
const attributeForms: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/** Text between tags, as Canonical XML has it. What XML does not have is shown as U+FFFD. */
export const escapeText = (text: string): string =>
  text.replace(illegal, '\ufffd').replace(/[&<>\r]/g, (one) => textForms[one] ?? one);

/** The value of an attribute in double quotes. */
export const escapeAttribute = (text: string): string =>
  text.replace(illegal, '\ufffd').replace(/[&<"\t\n\r]/g, (one) => attributeForms[one] ?? one);
