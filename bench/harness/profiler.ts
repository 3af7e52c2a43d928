import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { dirname } from 'node:path';

/** The answers of a process that can be profiled: `profile` begins, `endProfile` writes to the path it is given. */
export function profiler() {
  const session = new Session();
  return {
    async profile(): Promise<void> {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.start');
    },
    async endProfile(path: string): Promise<void> {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(profile));
    },
  };
}
