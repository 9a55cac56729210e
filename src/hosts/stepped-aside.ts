import { pauseReasons } from '../volunteer/auto-pause.ts';
import type { PauseCause } from '../volunteer/comfort.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

/**
 * What is shown of a volunteer that leaves the network until `cause` is over, made of the last it said. What it gave and measured
 * stays; what it said of others, of its model and of its GPU was true then and is not said any more.
 */
export const steppedAside = (last: VolunteerStatus, cause: PauseCause): VolunteerStatus => ({
  ...last,
  state: 'paused',
  isAside: true,
  heldBy: cause,
  reason: `${pauseReasons[cause]} This tab is off the network until then.`,
  ...{ fix: undefined, setUp: undefined, fetching: undefined, catchUp: undefined },
  ...{ members: 0, peers: [], replicasAgree: undefined, stateDigest: undefined },
  ...{ gpuBytes: 0, gpuShareMeasured: undefined, tokensPerSecond: undefined, gpuMsPerToken: undefined },
  timeline: { nowMs: last.timeline.nowMs, rounds: [] },
});

/** Whether others here have the model, so that this tab can get it back. */
export const isHeldByOthers = ({ peers }: VolunteerStatus): boolean =>
  peers.some(({ self, member, connected }) => !self && member && connected);
