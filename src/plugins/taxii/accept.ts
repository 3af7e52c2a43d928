/** One of the media types of a header, in lower case. */
export interface MediaRange {
  readonly range: string;
  /** Without the weight, and without quotation marks. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 1 unless said; no number where something else is said. */
  readonly weight: number;
}

export function mediaRangesOf(header: string): MediaRange[] {
  return header.split(',').map((part) => {
    const [range = '', ...rest] = part.split(';').map((text) => text.trim().toLowerCase());
    const parameters = new Map(
      rest
        .filter((text) => text !== '')
        .map((text) => {
          const [name = '', value = ''] = text.split(/\s*=\s*/, 2);
          return [name, value.replace(/^"(.*)"$/, '$1')] as const;
        }),
    );
    const weight = Number(parameters.get('q') ?? 1);
    parameters.delete('q');
    return { range, parameters, weight };
  });
}

/** Whether an Accept header takes a media type: its most telling range decides, parameters aside. */
export function takesType(header: string, type: string): boolean {
  const ranges = mediaRangesOf(header);
  const fitting = [type, type.replace(/\/.*/, '/*'), '*/*'];
  const telling = fitting.map((range) => ranges.filter((one) => one.range === range)).find(({ length }) => length > 0);
  return telling?.some(({ weight }) => weight > 0) ?? false;
}
