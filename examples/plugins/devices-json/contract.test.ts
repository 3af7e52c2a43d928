import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from 'gatehouse';
import { deviceContract } from 'gatehouse/contract/network/devices';
import { gatewayStorage } from 'gatehouse/contract/suite';
import { afterAll } from 'vitest';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

deviceContract('a JSON file', () =>
  gatewayStorage(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'devices-json-'));
    folders.push(folder);
    return createGateway({
      folder: import.meta.dirname,
      config: {
        plugins: ['default', '!storage-prisma', 'storage-memory', './plugin.ts'],
        ports: { 'network.devices': 'devices-json' },
        'devices-json': { folder },
        dataDir: 'memory://',
        accounts: { adminPassword: 'a password of tests' },
        log: { level: 'silent' },
      },
    });
  }),
);
