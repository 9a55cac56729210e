import { countParameters, presets, type PresetName } from '../model/config.ts';
import type { CurvePoint, RecordSummary } from './status.ts';

/** What a volunteer says of itself in the shared document. Anyone can write there: shown, never relied on. */
export interface PresenceView {
  readonly id: string;
  /** What its person called it; undefined where it says none, or one that is not to be shown. Not proof of anything. */
  readonly name?: string | undefined;
  readonly adapter: string;
  readonly software: boolean;
  readonly tokensPerSecond: number | undefined;
  /** A VolunteerState, or whatever a newer version calls its state. */
  readonly state: string;
  readonly round: number;
  readonly member: boolean;
}

/** A run as the shared document announces it: all that a viewer sees. */
export interface RunView {
  /** Whether the shared document is connected to anyone who can update it. */
  readonly connected: boolean;
  /** Whether the server that introduces tabs to each other can be reached. */
  readonly signaling: boolean;
  readonly run:
    | {
        readonly preset: PresetName;
        readonly parameters: number;
        readonly seed: number;
        /** PeerId of the founder. */
        readonly startedBy: string;
      }
    | undefined;
  readonly presences: readonly PresenceView[];
  /** The newest few, oldest first. */
  readonly records: readonly RecordSummary[];
  readonly curve: readonly CurvePoint[];
  readonly sample: { readonly round: number; readonly text: string } | undefined;
  /** Encoded size of the shared document; its limit is `documentLimitBytes`. */
  readonly documentBytes: number;
  /** What this tab refused to read from the document, by reason. */
  readonly rejections: Readonly<Record<string, number>>;
}

export { documentLimitBytes } from '../swarm/announcements.ts';

/** What a starter can choose from. */
export const presetChoices: readonly {
  readonly name: PresetName;
  readonly parameters: number;
  readonly context: number;
}[] = (['nano', 'micro', 'small'] as const).map((name) => ({
  name,
  parameters: countParameters(presets[name]),
  context: presets[name].context,
}));
