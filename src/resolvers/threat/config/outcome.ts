/** A thing that a document is about. */
export interface ConfigItem {
  /** The type in the graph: `InboxService`, `DataCollection`. */
  readonly type: string;
  /** How the document calls it. */
  readonly key: string;
  /** Global id. */
  readonly id: string;
}

/** What a document did, or would do. */
export interface ConfigOutcome {
  readonly created: readonly ConfigItem[];
  readonly updated: readonly ConfigItem[];
  /** Data collections that are no longer available, since the document does not name them. */
  readonly disabled: readonly ConfigItem[];
  readonly deleted: readonly ConfigItem[];
  /** What the document does not name and leaves. */
  readonly extra: readonly ConfigItem[];
  /** How many things were as the document wants them. */
  readonly unchanged: number;
}

export const noOutcome: ConfigOutcome = {
  created: [],
  updated: [],
  disabled: [],
  deleted: [],
  extra: [],
  unchanged: 0,
};

/** Both together. */
export const joined = (one: ConfigOutcome, other: ConfigOutcome): ConfigOutcome => ({
  created: [...one.created, ...other.created],
  updated: [...one.updated, ...other.updated],
  disabled: [...one.disabled, ...other.disabled],
  deleted: [...one.deleted, ...other.deleted],
  extra: [...one.extra, ...other.extra],
  unchanged: one.unchanged + other.unchanged,
});
