/** Golden frames of class confirm: arguments and the bytes that they are. See fixture.ts. */
import { golden } from './fixture.ts';

export const CONFIRM_FRAMES = [
  golden('confirm.select', 1, { noWait: true }, `01 0001 00000005 0055 000a 01 ce`),
  golden('confirm.select-ok', 1, {}, `01 0001 00000004 0055 000b ce`),
];
