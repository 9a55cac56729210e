import type { RunView } from '../volunteer/run-view.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

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
  readonly suggestedPreset?: { readonly preset: PresetName; readonly reason: string } | undefined;
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
  readonly environment: Environment;
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
}
