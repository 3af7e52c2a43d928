/** What is no well-formed XML, or XML that is not read for safety. The message says why. */
export class InvalidXml extends Error {}

/** What is XML, but not the message that it should be. The message says why. */
export class InvalidMessage extends Error {}
