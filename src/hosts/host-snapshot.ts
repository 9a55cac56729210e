import type { PresetName } from '../model/config.ts';
import type { ComfortView } from '../volunteer/comfort.ts';
import type { ContributionView } from '../volunteer/contribution-keeper.ts';
import type { MetricsView } from '../volunteer/metrics.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type { JoinStage, VolunteerStatus } from '../volunteer/status.ts';
import type { BrowserEnvironment } from './environment.ts';

/** What a page shows; PageSnapshot of src/ui/host.ts. */
export interface HostSnapshot {
  readonly view: RunView;
  readonly volunteer: VolunteerStatus | undefined;
  /** What this tab measured in every round of the run it is in, or was in last; undefined before it took part in any. */
  readonly metrics: MetricsView | undefined;
  readonly environment: BrowserEnvironment & {
    readonly suggestedPreset?: { preset: PresetName; reason: string; gflops: number };
  };
  readonly joining: JoinStage | undefined;
  readonly comfort: ComfortView;
  /** What this tab's key is called and gave; undefined before it took part. */
  readonly contribution: ContributionView | undefined;
  /** The run's address, to hand on. */
  readonly invite: { readonly room: string; readonly href: string; readonly byInvitation: boolean };
  /** Of this GPU in runs, ms a token by size of the model. */
  readonly speeds: Partial<Record<PresetName, number>>;
}
