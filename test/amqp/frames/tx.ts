/** Golden frames of class tx: arguments and the bytes that they are. See fixture.ts. */
import { golden } from './fixture.ts';

export const TX_FRAMES = [
  golden('tx.select', 1, {}, `01 0001 00000004 005a 000a ce`),
  golden('tx.select-ok', 1, {}, `01 0001 00000004 005a 000b ce`),
  golden('tx.commit', 1, {}, `01 0001 00000004 005a 0014 ce`),
  golden('tx.commit-ok', 1, {}, `01 0001 00000004 005a 0015 ce`),
  golden('tx.rollback', 1, {}, `01 0001 00000004 005a 001e ce`),
  golden('tx.rollback-ok', 1, {}, `01 0001 00000004 005a 001f ce`),
];
