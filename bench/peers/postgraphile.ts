/** PostGraphile on the tables that Gatehouse keeps its things in. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { jsonPgSmartTags } from 'postgraphile/utils';
import { answerParent, given } from '../harness/child.ts';
import { connections } from '../harness/load.ts';

/** Gatehouse's tables do not refer to each other, so PostGraphile is told which of them do. */
const relations = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      device: { tags: { foreignKey: '(site_id) references site (id)|@fieldName site|@foreignFieldName devices' } },
      network: {
        tags: {
          foreignKey: [
            '(site_id) references site (id)|@fieldName site|@foreignFieldName networks',
            '(parent_id) references network (id)|@fieldName parent|@foreignFieldName children',
          ],
        },
      },
      network_interface: {
        tags: { foreignKey: '(device_id) references device (id)|@fieldName device|@foreignFieldName interfaces' },
      },
      assignment: {
        tags: {
          foreignKey: [
            '(interface_id) references network_interface (id)|@fieldName interface|@foreignFieldName assignments',
            '(address_id) references network (id)|@fieldName address|@foreignFieldName assignments',
          ],
        },
      },
    },
  },
});

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [relations],
  pgServices: [
    makePgService({
      connectionString: given<{ url: string }>().url,
      schemas: ['public'],
      poolConfig: { max: connections.pool },
    }),
  ],
  grafast: { explain: false },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false, websockets: false },
  gather: { pgStrictFunctions: true },
});
const server = createServer();
await pgl.createServ(grafserv).addTo(server);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, {}, async () => {
  server.closeAllConnections();
  server.close();
  await pgl.release();
});
