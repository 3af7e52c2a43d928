interface MediaRange {
  readonly range: string;
  readonly weight: number;
}

function rangesOf(header: string): MediaRange[] {
  return header.split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    return { range, weight: quality === undefined ? 1 : Number(quality) };
  });
}

/** Whether an Accept header takes a media type: its most telling range decides, parameters aside. */
export function takesType(header: string, type: string): boolean {
  const ranges = rangesOf(header);
  const fitting = [type, type.replace(/\/.*/, '/*'), '*/*'];
  const telling = fitting.map((range) => ranges.filter((one) => one.range === range)).find(({ length }) => length > 0);
  return telling?.some(({ weight }) => weight > 0) ?? false;
}
