import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A module as it can be run here: TypeScript where it is, and JavaScript where only what was built of it is. */
export function runnableModule(url: URL): URL | null {
  if (url.protocol !== 'file:' || existsSync(fileURLToPath(url))) return url;
  const built = new URL(url);
  built.pathname = url.pathname.replace(/\.(m?)ts$/, '.$1js');
  return built.pathname !== url.pathname && existsSync(fileURLToPath(built)) ? built : null;
}
