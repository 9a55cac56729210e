import type { PhaseMs, RecordSummary, VolunteerStatus } from '../../src/volunteer/status.ts';
import { agreementOf, type Agreement, type Life } from './agreement.ts';

/** What a volunteer of the run was, from its first Join to the end, through reloads. */
export interface Witness {
  /** From 1, in the order in which they joined. */
  readonly number: number;
  readonly host: string;
  readonly latecomer: boolean;
  /** At least one; a new one after each reload. */
  readonly lives: readonly Life[];
}

/** A step of the script as it was done. */
export interface DoneStep {
  readonly round: number;
  readonly action: string;
  readonly volunteer: number;
}

/** The JSON of `npm run swarm`. Times are milliseconds a volunteer and round, losses nats a token, where nothing else is said. */
export interface SwarmReport {
  readonly preset: string;
  readonly parameters: number;
  readonly rounds: number;
  readonly script: string | null;
  /** `round`: the newest round that any volunteer had applied when the step was done. */
  readonly steps: readonly DoneStep[];
  readonly valLossFirst: number | null;
  readonly valLossLast: number | null;
  /** Each measurement of validation loss: that of the model that `round` started from; the last is of the finished model. */
  readonly valLoss: readonly { readonly round: number; readonly loss: number }[];
  /** agreement.ts says what is compared. */
  readonly digestsAgree: boolean;
  /** Rounds after which every volunteer that finished held one digest, seen at each of them. */
  readonly roundsSeenByAll: number;
  /** Rounds that every volunteer that finished knows to be final. */
  readonly finalRounds: number;
  /** Open records that a tab held when it ended, and that the others then left for another branch. */
  readonly abandonedRecords: number;
  /** How often a replica differed and was put right, over all volunteers. */
  readonly repairs: number;
  /** Of the latecomer: from asking to join until the first round it followed. */
  readonly joinCatchUpMs: number | null;
  /** From record to record, the longest that any volunteer saw. */
  readonly longestRoundMs: number;
  /** Contributions that the final chain does not count, over all volunteers; those of ended tabs as far as their last status tells. */
  readonly lostContributions: number;
  readonly payloadBytesPerRound: number;
  readonly messageBytesPerRound: number;
  readonly compressionVsFp32: number;
  readonly messageCompressionVsFp32: number;
  readonly phaseMs: PhaseMs;
  readonly wallSeconds: number;
  readonly volunteers: readonly VolunteerReport[];
  readonly records: readonly {
    readonly round: number;
    readonly contributions: number;
    readonly tokens: number;
    readonly stateDigest: string;
  }[];
}

/** Counts and bytes are sums over the volunteer's reloads. */
export interface VolunteerReport {
  readonly id: string | null;
  readonly host: string;
  readonly adapter: string;
  readonly ended: 'finished' | 'closed' | 'killed';
  readonly reloads: number;
  readonly rounds: number;
  readonly lossFirst: number | null;
  readonly lossLast: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** State digest of the finished model. */
  readonly digest: string | null;
  readonly finalRound: number;
  readonly repairs: number;
  readonly lostContributions: number;
  /** Of its last Join; null for who was there from the start. */
  readonly joinCatchUpMs: number | null;
  readonly longestRoundMs: number;
}

const sumOf = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((sum, item) => sum + value(item), 0);

/** NaN, and so null in the JSON, if there is nothing to take the mean of. */
const mean = (values: readonly number[]): number => sumOf(values, (value) => value) / values.length;

/** One record a round: as those still there hold it, else as one that is gone held it. */
function mergeRecords(lives: readonly Life[]): RecordSummary[] {
  const merged = new Map<number, RecordSummary>();
  const before = (a: Life, b: Life): number => Number(a.ended !== undefined) - Number(b.ended !== undefined);
  for (const { log } of [...lives].sort(before))
    for (const record of log.all) if (!merged.has(record.round)) merged.set(record.round, record);
  return [...merged.values()].sort((a, b) => a.round - b.round);
}

/**
 * What a life lost. One that ended can no longer give back what it had sent: a contribution that was still provisional, and
 * that its record does not count or whose record was abandoned, is lost.
 */
function lostBy(life: Life, { abandoned }: Agreement): number {
  const { status, ended } = life;
  if (status === undefined) return 0;
  if (ended === undefined) return status.lostContributions;
  const left = new Set(abandoned.flatMap((one) => (one.life === life ? [one.round] : [])));
  const open = status.receipts.filter(
    ({ standing, counted, round }) => standing === 'provisional' && (!counted || left.has(round)),
  );
  return status.lostContributions + open.length;
}

function reportVolunteer(witness: Witness, agreement: Agreement): VolunteerReport {
  const { lives, host } = witness;
  const statuses = lives.flatMap(({ status }) => status ?? []);
  const last = statuses.at(-1);
  const ended = lives.at(-1)?.ended;
  return {
    id: last?.self ?? null,
    host,
    adapter: last?.adapter?.name ?? 'unknown',
    ended: ended === 'closed' || ended === 'killed' ? ended : 'finished',
    reloads: lives.filter((life) => life.ended === 'reloaded').length,
    rounds: sumOf(statuses, ({ roundsTrained }) => roundsTrained),
    lossFirst: statuses.find(({ ownLossFirst }) => ownLossFirst !== undefined)?.ownLossFirst ?? null,
    lossLast: statuses.findLast(({ ownLossLast }) => ownLossLast !== undefined)?.ownLossLast ?? null,
    bytesUp: sumOf(statuses, ({ bytesUp }) => bytesUp),
    bytesDown: sumOf(statuses, ({ bytesDown }) => bytesDown),
    digest: ended === undefined ? (last?.stateDigest ?? null) : null,
    finalRound: last?.finalRound ?? -1,
    repairs: sumOf(statuses, ({ repairs }) => repairs),
    lostContributions: sumOf(lives, (life) => lostBy(life, agreement)),
    joinCatchUpMs: last?.joinCatchUpMs ?? null,
    longestRoundMs: Math.max(0, ...statuses.map(({ longestRoundMs }) => longestRoundMs)),
  };
}

/** Throws an Error if no volunteer is still there. */
export function buildReport(
  witnesses: readonly Witness[],
  of: {
    readonly script: string | undefined;
    readonly steps: readonly DoneStep[];
    readonly wallSeconds: number;
  },
): SwarmReport {
  const lives = witnesses.flatMap((witness) => witness.lives);
  const here = lives.filter(({ ended }) => ended === undefined);
  const finished: VolunteerStatus[] = here.flatMap(({ status }) => status ?? []);
  const first = finished[0];
  if (first === undefined) throw new Error('no volunteer reported');
  const agreement = agreementOf(lives);
  const records = mergeRecords(lives);
  const valLoss = records.flatMap(({ round, validation }) =>
    validation === undefined ? [] : [{ round, loss: validation }],
  );
  const measured = first.validationLoss;
  if (measured !== undefined) valLoss.push({ round: first.round + 1, loss: measured });
  const payload = mean(finished.flatMap(({ payloadBytesPerRound }) => payloadBytesPerRound ?? []));
  const message = mean(finished.flatMap(({ messageBytesPerRound }) => messageBytesPerRound ?? []));
  const perRound = (phase: keyof PhaseMs): number =>
    mean(finished.map(({ phaseMs, roundsTrained }) => phaseMs[phase] / Math.max(1, roundsTrained)));
  const volunteers = witnesses.map((witness) => reportVolunteer(witness, agreement));
  const latecomer = witnesses.findIndex((witness) => witness.latecomer);
  const seenByAll = records.filter(({ round, state }) =>
    here.every(({ log }) => log.at(round)?.state === state),
  );
  return {
    preset: first.preset,
    parameters: first.parameters,
    rounds: first.round,
    script: of.script ?? null,
    steps: of.steps,
    valLossFirst: valLoss[0]?.loss ?? null,
    valLossLast: measured ?? null,
    valLoss,
    digestsAgree: agreement.agree,
    roundsSeenByAll: seenByAll.length,
    finalRounds: Math.max(0, Math.min(...finished.map(({ finalRound }) => finalRound))),
    abandonedRecords: agreement.abandoned.length,
    repairs: sumOf(volunteers, ({ repairs }) => repairs),
    joinCatchUpMs: volunteers[latecomer]?.joinCatchUpMs ?? null,
    longestRoundMs: Math.max(...volunteers.map(({ longestRoundMs }) => longestRoundMs)),
    lostContributions: sumOf(volunteers, ({ lostContributions }) => lostContributions),
    payloadBytesPerRound: payload,
    messageBytesPerRound: message,
    compressionVsFp32: (4 * first.parameters) / payload,
    messageCompressionVsFp32: (4 * first.parameters) / message,
    phaseMs: {
      compute: perRound('compute'),
      exchange: perRound('exchange'),
      agree: perRound('agree'),
      apply: perRound('apply'),
      other: perRound('other'),
    },
    wallSeconds: of.wallSeconds,
    volunteers,
    records: records.map(({ round, contributions, tokens, state }) => ({
      round,
      contributions,
      tokens,
      stateDigest: state,
    })),
  };
}
