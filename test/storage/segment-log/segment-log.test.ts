import { SegmentRig } from '../../support/segment-rig.ts';
import { conformance, type Rig } from '../conformance.ts';

/** @param reopen how the log comes to its end */
function rigOf(rig: SegmentRig, reopen: 'close' | 'killed' | 'powerCut'): Rig {
  return {
    store: rig.store,
    settle: () => rig.settle(),
    reopen: async () => {
      const next = reopen === 'close' ? await rig.afterClose() : rig.after(reopen);
      return rigOf(next, reopen);
    },
  };
}

for (const end of ['close', 'killed', 'powerCut'] as const) {
  conformance(`a segment log (${end})`, async () => rigOf(new SegmentRig(), end));
}
