/** Golden frames of class access: arguments and the bytes that they are. See fixture.ts. */
import { golden } from './fixture.ts';

export const ACCESS_FRAMES = [
  golden(
    'access.request',
    1,
    { realm: '/data', exclusive: false, passive: true, active: true, write: true, read: true },
    `01 0001 0000000b 001e 000a 05 '/data' 1e ce`,
  ),
  golden('access.request-ok', 1, { ticket: 1 }, `01 0001 00000006 001e 000b 0001 ce`),
];
