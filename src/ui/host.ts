import type { Recording } from '../replay/recording.ts';
import type { MetricsView } from '../volunteer/metrics.ts';
import type { ComfortSettings, ComfortView } from '../volunteer/comfort.ts';
import type { ContributionView } from '../volunteer/contribution-keeper.ts';
import type { ExportType, TakenHome } from '../volunteer/export-model.ts';
import type { PromptProgress, PromptRequest } from '../volunteer/prompt-request.ts';
import type { KeyDesk } from '../volunteer/key-desk.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type { JoinStage, VolunteerStatus } from '../volunteer/status.ts';
import type { ModelReader, TextDesk } from '../volunteer/text-choice.ts';

export type PresetName = VolunteerStatus['preset'];

/** What this browser can do here, found out before anyone presses Join. */
export interface Environment {
  readonly canTrain: boolean;
  /** Why it can or cannot, one sentence for people. */
  readonly reason: string;
  /** Where it cannot: what to do about it. Empty where there is nothing to do. */
  readonly fix: string;
  /** The same page at an https address, where a secure context is what is missing. */
  readonly secureUrl: string | undefined;
  /** What a run started here would be, and why: from the measured speed of the adapter. */
  readonly suggestedPreset?:
    { readonly preset: PresetName; readonly reason: string; readonly gflops?: number } | undefined;
  /** Name of the adapter. */
  readonly gpu?: string | undefined;
  /** True where a CPU stands in for a GPU. */
  readonly gpuIsSoftware?: boolean | undefined;
}

/** One look at everything the page shows. */
export interface PageSnapshot {
  readonly view: RunView;
  /** The volunteer in this tab; undefined until joined. */
  readonly volunteer: VolunteerStatus | undefined;
  /** What this tab measured in every round; undefined where the host keeps no history. */
  readonly metrics?: MetricsView | undefined;
  readonly environment: Environment;
  /** What the host does before the volunteer says its first word; undefined: it does not join. */
  readonly joining?: JoinStage | undefined;
  /** How the tab keeps to its person's wishes and its surroundings; undefined where the host does not care for that. */
  readonly comfort?: ComfortView | undefined;
  /** What this tab's key is called and gave to the run, over all visits; undefined where the host keeps nothing. */
  readonly contribution?: ContributionView | undefined;
  /** The address of this room's run, to hand on; undefined where the host has none. */
  readonly invite?:
    { readonly room: string; readonly href: string; readonly byInvitation: boolean } | undefined;
  /** How long this GPU was busy for a token in runs before, ms, by size of the model. */
  readonly speeds?: Partial<Record<PresetName, number>> | undefined;
}

/** Starts runs, and forgets everything. */
export interface RunStarter {
  /** Cuts and keeps texts of one's own. */
  readonly texts: TextDesk;
  /** Reads and keeps models to start from; undefined where the host does not. */
  readonly models?: ModelReader | undefined;
  /** What the page was opened to start, at once. */
  readonly wished: RunChoice | undefined;
  /** A run as chosen, here or on the page of its address. Rejects with a StarlingError. */
  startRun(choice: RunChoice): Promise<void>;
  /** Measures this GPU, if it is not known; ends in a snapshot with `suggestedPreset`. Rejects with a StarlingError. */
  measureGpu(): Promise<void>;
  /** Deletes all that this browser keeps for the page, and loads it anew. Rejects with a StarlingError. */
  forget(): Promise<void>;
}

/** What the page is given by its host: it knows neither worker nor network. */
export interface PageHost {
  /** Calls back with every new snapshot, the newest one at once if there is one. Returns the way to stop. */
  subscribe(listener: (snapshot: PageSnapshot) => void): () => void;
  /** Resolves when the volunteer has started; rejects with a StarlingError that says what to do. */
  join(options: { readonly preset: PresetName | 'auto' }): Promise<void>;
  pause(): void;
  resume(): void;
  leave(): Promise<void>;
  /** The most of its time that the GPU may be busy, in [0.01, 1]; kept across visits. */
  setGpuShare(share: number): void;
  /** Other wishes; kept across visits. */
  setComfort(change: Partial<ComfortSettings>): void;
  /** What this tab's key is to be called, by `tidyName`; undefined: by the name that its id gives. Kept across visits. */
  setName(name: string | undefined): void;
  /** Has the model go on from a prompt; the last progress is of another state than `writing`. Returns the way to stop it. */
  write(request: PromptRequest, tell: (progress: PromptProgress) => void): () => void;
  /** The model as files; rejects with a StarlingError. */
  takeHome(dtype: ExportType): Promise<TakenHome>;
  /** Goes on although what paused it by itself holds, until that is over. */
  runAnyway(): void;
  /** A run recorded earlier, to show where there is none; rejects with a StarlingError. Undefined where the host has none. */
  readonly recording?: (() => Promise<Recording>) | undefined;
  /** Undefined where the host starts none. */
  readonly starter?: RunStarter | undefined;
  /** Undefined where the host keeps no keys. */
  readonly keys?: KeyDesk | undefined;
}
