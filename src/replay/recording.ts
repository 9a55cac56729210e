import type { PeerId } from '../base/ids.ts';
import type { PresetName } from '../model/config.ts';
import type { CurvePoint } from '../volunteer/status.ts';

/** What a page saw of a run, with the times at which it saw it: enough to show it again. Nothing in it is proof of anything. */
export interface Recording {
  /** The day on which it was made, YYYY-MM-DD. */
  readonly recordedOn: string;
  /** Whether the page only watched, or trained along and so measured more. */
  readonly seenBy: 'viewer' | 'volunteer';
  /** The run's name: its room. */
  readonly room: string;
  readonly run: {
    readonly preset: PresetName;
    readonly parameters: number;
    readonly seed: number;
    readonly startedBy: PeerId;
  };
  /** The curve before the first recorded round, for a page that came late; rounds ascend. */
  readonly past: readonly CurvePoint[];
  readonly peers: readonly RecordedPeer[];
  /** Rounds and times ascend; rounds may be missing. */
  readonly rounds: readonly RecordedRound[];
  /** Times ascend. */
  readonly samples: readonly RecordedSample[];
  /** Who came, went and changed what it does; times ascend. */
  readonly company: readonly RecordedPresence[];
}

export interface RecordedPeer {
  readonly id: PeerId;
  /** Name of its adapter; empty where it was not announced. */
  readonly adapter: string;
  readonly software: boolean;
}

/** A round as the page saw it end. Times are ms since the first one; undefined is what was not seen or not measured. */
export interface RecordedRound {
  readonly atMs: number;
  readonly round: number;
  readonly leader: PeerId;
  /** Members after it. */
  readonly members: number | undefined;
  /** Contributions that count. */
  readonly counted: number;
  readonly tokens: number;
  readonly train: number | undefined;
  readonly validation: number | undefined;
  /** State of the replicas after it, 32 hex digits. */
  readonly state: string;
  readonly roundMs: number | undefined;
  readonly bytesUp: number | undefined;
  readonly bytesDown: number | undefined;
  readonly messageBytes: number | undefined;
  readonly payloadBytes: number | undefined;
  readonly ownTokensPerSecond: number | undefined;
  readonly gradientNorm: number | undefined;
}

export interface RecordedSample {
  readonly atMs: number;
  readonly round: number;
  readonly text: string;
}

export interface RecordedPresence {
  readonly atMs: number;
  readonly id: PeerId;
  /** What it says it is doing; undefined: it went. */
  readonly doing: string | undefined;
  readonly member: boolean;
  readonly tokensPerSecond: number | undefined;
}

/** What a recording holds at most; whoever records thins out, and a file with more is refused. */
export const recordingLimits = {
  rounds: 20_000,
  past: 2_049,
  peers: 1_024,
  samples: 400,
  company: 20_000,
  sampleCharacters: 2_000,
  /** Of the file. */
  characters: 8 << 20,
  /** A year. */
  ms: 366 * 86_400_000,
} as const;
