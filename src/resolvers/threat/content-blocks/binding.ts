/** What the content of a block is: the id of a format, and which of its subtypes. */
export interface ContentBinding {
  readonly binding: string;
  /** None: whichever subtype. */
  readonly subtypes: readonly string[];
}
