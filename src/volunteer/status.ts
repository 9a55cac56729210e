import type { AdapterReport } from '../gpu/device.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { PresetName } from '../model/config.ts';
import type { PauseCause } from './comfort.ts';
import type { Leaderboard } from './contribution-leaderboard.ts';
import type { GpuPlan } from './gpu-plan.ts';
import type { PrecisionChoice } from './precision.ts';
import type { CurveAnnouncement, RecordAnnouncement } from '../swarm/announcements.ts';

export type VolunteerState =
  | 'starting' // opening the GPU, loading text
  | 'waiting' // for other volunteers, or for a snapshot
  | 'catching-up'
  | 'training'
  | 'paused'
  | 'finished'
  | 'left'
  | 'failed';

/** A point of the loss curve; validation only in rounds that measured it. */
export type CurvePoint = CurveAnnouncement;

/** What a volunteer's contribution has come to. `provisional` until its round is final; `lost`: the final chain does not count it. */
export type Standing = 'provisional' | 'final' | 'lost';

/**
 * Why a contribution is lost. `unsent`: its round was over before it left. `not-in-record`: the record of its round was made
 * without it. `replaced`: the record that counted it was, before it was final. `chain-left`: this replica left its chain for
 * another's model, and what became of it is not known here.
 */
export type LostBecause = 'unsent' | 'not-in-record' | 'replaced' | 'chain-left';

/** "Round 41: yours counted, 256 tokens; final: counted by 3 of 3." */
export interface Receipt {
  readonly round: number;
  /** Whether the record of its round, as it stands now, counts it. */
  readonly counted: boolean;
  readonly standing: Standing;
  /** Members whose signatures made the round final, of how many; 0 of 0 until then. */
  readonly by: number;
  readonly of: number;
  /** Of a lost one, as far as known. */
  readonly because?: LostBecause | undefined;
  readonly tokens: number;
  readonly payloadBytes: number;
  readonly messageBytes: number;
}

/** Milliseconds of the whole session by what they went to; their sum is the time spent in rounds. */
export interface PhaseMs {
  readonly compute: number;
  readonly exchange: number;
  readonly agree: number;
  readonly apply: number;
  readonly other: number;
}

export interface PeerStatus {
  readonly id: PeerId;
  readonly self: boolean;
  readonly member: boolean;
  readonly connected: boolean;
  readonly leader: boolean;
  /** State digest this peer confirmed for the newest record, 32 hex digits. */
  readonly state: string | undefined;
  /** From the peer's presence in the shared document. */
  readonly adapter: string | undefined;
  readonly tokensPerSecond: number | undefined;
  /** The connection to it, as measured here; undefined for this volunteer itself and where there is none. */
  readonly link: PeerLink | undefined;
}

/** A connection to a peer, counted since it opened. */
export interface PeerLink {
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Time there and back, ms; undefined until measured. */
  readonly rttMs: number | undefined;
}

/** When what a volunteer had to do in a round was seen here. Undefined: not seen, or not yet. */
export interface PeerTiming {
  readonly id: PeerId;
  /** Its contribution was here; for this volunteer itself: was sent. */
  readonly contributionMs: number | undefined;
  /** It said that it holds what this volunteer contributed: leaders hear that. */
  readonly haveMs: number | undefined;
  /** It said that it stands after the round: the next leaders hear that, and not of every round. */
  readonly confirmMs: number | undefined;
  /** Whether the record counts it; undefined until there is one. */
  readonly counted: boolean | undefined;
}

/** A round as it was seen here. All times are of this volunteer's own clock, ms. */
export interface RoundTiming {
  readonly round: number;
  /** The round before was agreed on here; undefined where this volunteer came later. */
  readonly startMs: number | undefined;
  readonly leader: PeerId | undefined;
  /** Its record was here. */
  readonly recordMs: number | undefined;
  /** Its record was here with everything that it counts. */
  readonly agreedMs: number | undefined;
  /** This volunteer had applied it. */
  readonly appliedMs: number | undefined;
  /** Its members, by id. */
  readonly peers: readonly PeerTiming[];
}

export interface Timeline {
  /** The same clock when this was written. */
  readonly nowMs: number;
  /** Oldest first; the last one is in progress. */
  readonly rounds: readonly RoundTiming[];
}

/** A record at the tail of the ledger. `certified`: enough members signed it; `final`: it is never rolled back. */
export interface LedgerLine {
  readonly round: number;
  readonly digest: Digest;
  readonly leader: PeerId;
  /** Members after the record. */
  readonly members: number;
  readonly contributions: number;
  readonly joins: number;
  readonly leaves: number;
  readonly standing: 'provisional' | 'certified' | 'final';
  /** Members whose signatures certify it, of how many; 0 of 0 until then. */
  readonly by: number;
  readonly of: number;
}

/** How far a latecomer has come: the model's bytes, then the rounds since, then rounds of silent warm-up. */
export interface CatchUp {
  readonly stage: 'model' | 'rounds' | 'warm-up';
  readonly done: number;
  readonly total: number;
  /** Bytes or rounds a second; undefined until measured. */
  readonly perSecond: number | undefined;
  /** Volunteers the model comes from at once; 0 in the other stages. */
  readonly sources: number;
}

/** What a host does between the press of Join and the first word of its volunteer. */
export type JoinStage = 'looking' | 'measuring' | 'preparing' | 'opening';

/** What is being set up before a volunteer can enter its run. */
export interface SetUp {
  readonly step: 'adapter' | 'compile' | 'data';
  /** `tuning`: measuring which kernels are fastest; `measuring`: how long the longest takes. */
  readonly doing: 'opening' | 'tuning' | 'compiling' | 'measuring' | 'loading';
  /** Kernels compiled, of how many; 0 of 0 where nothing is counted. */
  readonly done: number;
  readonly total: number;
}

/** What a volunteer waits for of the run's text, or of the weights it starts from. */
export interface Fetching {
  readonly what: 'text' | 'start';
  readonly bytes: number;
  /** Undefined while that is not known. */
  readonly totalBytes: number | undefined;
  /**
   * Why nothing has come for some seconds: the server does not answer, nobody is connected, or none of those who are gave it.
   * Undefined: it comes, or it was just asked for.
   */
  readonly stuck: 'server' | 'nobody' | 'not-given' | undefined;
}

/** A record as pages show it and the shared document announces it. */
export type RecordSummary = RecordAnnouncement;

export interface EventLine {
  readonly atMs: number;
  readonly kind: string;
  readonly text: string;
}

/** All a page shows of the volunteer in this tab: immutable, made anew after every change. */
export interface VolunteerStatus {
  readonly state: VolunteerState;
  /** Why it is in that state, one sentence for people. */
  readonly reason: string;
  /** What one can do about it; always there in `failed`. */
  readonly fix: string | undefined;
  /** Undefined once everything is set up. */
  readonly setUp: SetUp | undefined;
  /** Undefined where nothing is waited for. */
  readonly fetching?: Fetching | undefined;
  /** Its person paused it. */
  readonly pausedByPerson: boolean;
  /** Why it pauses by itself. The two are apart: to end one does not end the other. */
  readonly heldBy: PauseCause | undefined;
  /** Its host took it off the network until that is over: it is in no run, and knows nothing of one. */
  readonly isAside?: boolean;
  readonly self: PeerId;
  readonly adapter: AdapterReport | undefined;
  readonly preset: PresetName;
  readonly parameters: number;
  readonly gpuBytes: number;
  /** How the GPU takes a micro-batch, and why; undefined until the model is on it. */
  readonly gpuPlan: GpuPlan | undefined;
  /** What gradients are computed in, and why; undefined until the model is on the GPU. */
  readonly precision: PrecisionChoice | undefined;
  /** How often the GPU was lost, and everything was set up again. */
  readonly gpuLosses: number;
  /** What the GPU refused to do: a mistake of ours or of its driver. The events name each once. */
  readonly gpuErrors: number;
  /** Rounds to which this volunteer gave nothing, because the GPU refused some of their work. */
  readonly gpuRoundsWithheld: number;
  /** The most of its time that the GPU is to be busy with this, in [0.01, 1], and what was measured over the last seconds. */
  readonly gpuShare: number;
  readonly gpuShareMeasured: number | undefined;
  readonly round: number;
  readonly endRound: number | undefined;
  readonly members: number;
  readonly peers: readonly PeerStatus[];
  /** Undefined until a first confirm. */
  readonly replicasAgree: boolean | undefined;
  readonly stateDigest: string | undefined;
  readonly trainLoss: number | undefined;
  readonly validationLoss: number | undefined;
  readonly curve: readonly CurvePoint[];
  readonly receipts: readonly Receipt[];
  readonly records: readonly RecordSummary[];
  readonly roundsTrained: number;
  /** This volunteer's own training loss in its first and its newest contribution. */
  readonly ownLossFirst: number | undefined;
  readonly ownLossLast: number | undefined;
  readonly tokensPerSecond: number | undefined;
  /** How long the GPU was busy for a token of the newest contribution, rests left out; undefined where it had other work too. */
  readonly gpuMsPerToken: number | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Training text that the server sent: what came from other volunteers is in `bytesDown`. */
  readonly textBytes: number;
  /** 4 x parameters / mean payload bytes. */
  readonly compression: number | undefined;
  readonly messageBytesPerRound: number | undefined;
  readonly payloadBytesPerRound: number | undefined;
  readonly phaseMs: PhaseMs;
  readonly sample: { readonly round: number; readonly text: string } | undefined;
  readonly rejections: Readonly<Record<string, number>>;
  readonly catchUp: CatchUp | undefined;
  /** The newest final round, -1 before any. */
  readonly finalRound: number;
  /** How often the members had to go on without a vanished majority. */
  readonly epoch: number;
  /** The newest records, oldest first. */
  readonly ledger: readonly LedgerLine[];
  /** How often this replica differed and was put right. */
  readonly repairs: number;
  /** Own contributions that the final chain does not count. */
  readonly lostContributions: number;
  /** Who gave how much, by the records seen here; undefined before the first. */
  readonly leaderboard: Leaderboard | undefined;
  /** From asking to join until the first round followed; undefined for who was there from the start. */
  readonly joinCatchUpMs: number | undefined;
  /** The longest round this volunteer has seen from record to record, ms. */
  readonly longestRoundMs: number;
  /** The newest rounds, and who was waited for in them. */
  readonly timeline: Timeline;
  readonly events: readonly EventLine[];
}
