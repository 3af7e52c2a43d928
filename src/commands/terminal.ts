/** Where a command reads and writes. Tests put their own in its place. */
export interface Terminal {
  /** Writes results; nothing else goes here. */
  out(text: string): void;
  /** Writes what is for people only: errors, progress, remarks. */
  err(text: string): void;
  /** All of standard input. */
  input(): Promise<Uint8Array>;
  /** The same as it comes, for what may be larger than memory. */
  stream(): AsyncIterable<Buffer>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths begin. */
  readonly folder: string;
  /** Where a bar may be drawn; null where nobody watches. */
  readonly screen: NodeJS.WriteStream | null;
  /** Aborted when the command is to stop. */
  readonly stopped: AbortSignal;
}

/** The terminal of this process. */
export function processTerminal(stopped: AbortSignal): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    async input() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    stream: () => process.stdin,
    environment: process.env,
    folder: process.cwd(),
    screen: process.stderr.isTTY ? process.stderr : null,
    stopped,
  };
}
