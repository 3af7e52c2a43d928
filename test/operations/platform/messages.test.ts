import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { socketClient, subscribeBySse, subscribeOver } from '../../support/clients.ts';
import { openRooms, type Roomer, type Rooms } from '../../support/rooms.ts';

let rooms: Rooms;
let ann: Roomer;
beforeAll(async () => {
  rooms = await openRooms({ http: { port: 0 } });
  ann = await rooms.roomer('message:admin');
});
afterAll(() => rooms.gateway.dispose());
beforeEach(() => rooms.told());

const send = (channel: string, text: string, by = ann) =>
  by.change('messageSend', { channel, text }, 'sent { id channel text author sentAt }');
const list = async (by: Roomer, args = '') => {
  await rooms.told();
  const { data, errors } = await by.ask(`{ messages${args} { totalCount nodes { id text } } }`);
  return errors ? errors[0]?.extensions.code : data.messages;
};

describe('messages', () => {
  test('go to one channel, however it is written, and are listed the newest first', async () => {
    const first = await send(' Message ', 'one\ntwo');
    expect(first.sent).toEqual({
      id: expect.any(String),
      channel: 'message',
      text: 'one\ntwo',
      author: ann.account.name,
      sentAt: expect.stringMatching(/^2026-01-01T00:00:00\.000000Z$/),
    });
    await send('MESSAGE', 'three');
    await send('other', 'elsewhere');
    expect(await list(ann)).toMatchObject({ totalCount: 2, nodes: [{ text: 'three' }, { text: 'one\ntwo' }] });
    expect(await list(ann, '(channel: " Other")')).toMatchObject({ totalCount: 1, nodes: [{ text: 'elsewhere' }] });
    expect(await list(ann, '(first: 1, offset: 1)')).toMatchObject({ nodes: [{ id: first.sent.id }] });
    const node = '{ node(id: $id) { ... on Message { text author } } }';
    const found = await ann.ask(`query ($id: ID!) ${node}`, { id: first.sent.id });
    expect(found.data.node).toEqual({ text: 'one\ntwo', author: ann.account.name });
    const stranger = await rooms.roomer();
    expect((await stranger.ask(`query ($id: ID!) ${node}`, { id: first.sent.id })).data.node).toBeNull();
  });

  test('are refused without a channel or a text, and in channels of the gateway’s own', async () => {
    for (const [channel, text] of [
      ['', 'x'],
      [' ', 'x'],
      ['c'.repeat(65), 'x'],
      ['a\u0000', 'x'],
      ['message', ''],
      ['message', ' \n'],
      ['message', 'x\u0000'],
    ] as const)
      expect(await send(channel, text)).toMatchObject({ code: 'BAD_USER_INPUT', message: 'malformed message' });
    expect(await send('message', 'é'.repeat(4097))).toMatchObject({ code: 'BAD_USER_INPUT', path: ['text'] });
    expect(await send('message', 'é'.repeat(4096))).toMatchObject({ __typename: 'MessageSendSuccess' });
    for (const channel of ['queue', ' System ']) {
      expect(await send(channel, 'x')).toMatchObject({ __typename: 'ForbiddenError' });
      expect(await list(ann, `(channel: "${channel}")`)).toBe('FORBIDDEN');
    }
    expect(await rooms.told()).toEqual([]);
  });

  test('are sent and read by those who may in the channel', async () => {
    const member = await rooms.roomer('message:read@channel/Team', 'message:send@channel/team');
    expect(await send('team', 'hello', member)).toMatchObject({ __typename: 'MessageSendSuccess' });
    expect(await list(member, '(channel: "team")')).toMatchObject({ totalCount: 1 });
    expect(await send('message', 'hello', member)).toMatchObject({ message: 'Needs message:send.' });
    expect(await list(member)).toBe('FORBIDDEN');
    const standard = await rooms.person([], { roles: ['standard'] });
    const texts = standard.ctx.viewer.rights.texts.filter((text) => text.startsWith('message:'));
    expect(texts).toEqual(['message:read@channel/message', 'message:send@channel/message']);
  });

  test('reach who listens to the channel, over both transports, and nobody else', async () => {
    const url = await rooms.gateway.listen();
    const member = await rooms.roomer('message:read@channel/one', 'message:read@channel/two');
    const client = socketClient(url, member.key);
    const document = `subscription ($channels: [String!]!) { messages(channels: $channels, hello: true) {
      ... on MessageSent { channel text author } ... on Subscribed { head }
    } }`;
    const headers = { authorization: `Bearer ${member.key}` };
    const streams = [
      subscribeOver(client, document, { channels: [' ONE ', 'two'] }),
      await subscribeBySse(url, document, { channels: ['One', 'two'] }, headers),
      subscribeOver(client, document, { channels: ['two'] }),
    ];
    await Promise.all(streams.map((stream) => stream.reach(1)));
    for (const [channel, text] of [
      ['one', 'a'],
      ['three', 'b'],
      ['two', 'c'],
    ] as const)
      await send(channel, text);
    const said = async (index: number, count: number) =>
      (await streams[index]?.reach(count))
        ?.slice(1)
        .map(({ data }) => (data?.messages as { text?: string } | undefined)?.text);
    expect(await said(0, 3)).toEqual(['a', 'c']);
    expect(await said(1, 3)).toEqual(['a', 'c']);
    expect(await said(2, 2)).toEqual(['c']);
    for (const [channels, code] of [
      [['one', 'three'], 'FORBIDDEN'],
      [['queue'], 'FORBIDDEN'],
      [[], 'BAD_USER_INPUT'],
      [[''], 'BAD_USER_INPUT'],
    ] as const) {
      const refused = subscribeOver(client, document, { channels });
      expect(await refused.ended).toMatchObject([{ extensions: { code } }]);
    }
    for (const stream of streams) stream.stop();
    await client.dispose();
  });
});
