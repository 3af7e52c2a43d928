import type { Command } from 'commander';
import { noun, type Shell } from '#commands/shell.ts';
import { threatImport } from '#commands/threat-import.ts';
import { threatRetention } from '#commands/threat-retention.ts';
import { threatSync } from '#commands/threat-sync.ts';

/** `gatehouse threat …` */
export function threatCommand(program: Command, shell: Shell): void {
  const threat = noun(program, 'threat', 'threat intelligence as a whole');
  threatImport(threat, shell);
  threatSync(threat, shell);
  threatRetention(threat, shell);
}
