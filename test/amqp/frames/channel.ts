/** Golden frames of class channel: arguments and the bytes that they are. See fixture.ts. */
import { golden } from './fixture.ts';

export const CHANNEL_FRAMES = [
  golden('channel.open', 1, {}, `01 0001 00000005 0014 000a 00 ce`),
  golden('channel.open-ok', 1, {}, `01 0001 00000008 0014 000b 00000000 ce`),
  golden('channel.flow', 2, { active: true }, `01 0002 00000005 0014 0014 01 ce`),
  golden('channel.flow-ok', 2, { active: false }, `01 0002 00000005 0014 0015 00 ce`),
  golden(
    'channel.close',
    65535,
    { replyCode: 404, replyText: 'NOT_FOUND - no queue', classId: 50, methodId: 10 },
    `
    01 ffff 0000001f
    0014 0028
    0194
    14 'NOT_FOUND - no queue'
    0032
    000a
    ce`,
  ),
  golden('channel.close-ok', 65535, {}, `01 ffff 00000004 0014 0029 ce`),
];
