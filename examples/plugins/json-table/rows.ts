/** A row has an id, and keys that no other row may have. */
export interface RowForm<Row> {
  id(row: Row): string;
  /** Beside the id; empty for rows that are found by id alone. */
  keys(row: Row): readonly string[];
}

/** What a unit of work did to a table. */
export interface Changes<Row> {
  readonly put: readonly Row[];
  /** Ids. */
  readonly gone: readonly string[];
}

/** The committed rows, by id and by key. */
export class Rows<Row> {
  readonly form: RowForm<Row>;
  readonly #byId = new Map<string, Row>();
  readonly #ids = new Map<string, string>();

  constructor(form: RowForm<Row>) {
    this.form = form;
  }

  get(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  idOf(key: string): string | undefined {
    return this.#ids.get(key);
  }

  values(): Iterable<Row> {
    return this.#byId.values();
  }

  /** All that leaves goes before anything comes, so rows may swap their keys. */
  apply({ put, gone }: Changes<Row>): void {
    const former = [...gone, ...put.map(this.form.id)].flatMap((id) => this.#byId.get(id) ?? []);
    for (const key of former.flatMap(this.form.keys)) this.#ids.delete(key);
    for (const id of gone) this.#byId.delete(id);
    for (const row of put) {
      this.#byId.set(this.form.id(row), row);
      for (const key of this.form.keys(row)) this.#ids.set(key, this.form.id(row));
    }
  }

  /** The rows as they would be after the changes. */
  with({ put, gone }: Changes<Row>): Row[] {
    const after = new Map(this.#byId);
    for (const id of gone) after.delete(id);
    for (const row of put) after.set(this.form.id(row), row);
    return [...after.values()];
  }
}

/** Rows with changes on top, which nobody else sees until they are committed. */
export class ChangedRows<Row> {
  readonly #rows: Rows<Row>;
  readonly #put = new Map<string, Row>();
  /** Ids by the keys of what was put. */
  readonly #ids = new Map<string, string>();
  readonly #gone = new Set<string>();

  constructor(rows: Rows<Row>) {
    this.#rows = rows;
  }

  get(id: string): Row | undefined {
    return this.#gone.has(id) ? undefined : (this.#put.get(id) ?? this.#rows.get(id));
  }

  /** The row that has this key. */
  find(key: string): Row | undefined {
    const put = this.#put.get(this.#ids.get(key) ?? '');
    if (put) return put;
    const row = this.get(this.#rows.idOf(key) ?? '');
    return row && this.#rows.form.keys(row).includes(key) ? row : undefined;
  }

  *values(): Iterable<Row> {
    const { id } = this.#rows.form;
    for (const row of this.#rows.values()) if (!this.#gone.has(id(row)) && !this.#put.has(id(row))) yield row;
    yield* this.#put.values();
  }

  put(row: Row): void {
    const id = this.#rows.form.id(row);
    this.#forget(id);
    this.#gone.delete(id);
    this.#put.set(id, row);
    for (const key of this.#rows.form.keys(row)) this.#ids.set(key, id);
  }

  delete(id: string): void {
    this.#forget(id);
    if (this.#rows.get(id)) this.#gone.add(id);
  }

  #forget(id: string): void {
    const row = this.#put.get(id);
    const keys = row ? this.#rows.form.keys(row) : [];
    for (const key of keys) if (this.#ids.get(key) === id) this.#ids.delete(key);
    this.#put.delete(id);
  }

  changes(): Changes<Row> {
    return { put: [...this.#put.values()], gone: [...this.#gone] };
  }

  isChanged(): boolean {
    return this.#put.size + this.#gone.size > 0;
  }
}
