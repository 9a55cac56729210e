import type { PeerId } from '../base/ids.ts';
import type { AdapterReport } from '../gpu/device.ts';
import { countParameters } from '../model/config.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import { noTraffic, type ByteCounts, type TransportStats } from '../swarm/transport.ts';
import { ContributionTally } from './contribution-leaderboard.ts';
import { ReceiptBook } from './contribution-receipts.ts';
import { Curve } from './curve.ts';
import { MetricsFeed } from './metrics-feed.ts';
import type { MetricsRow } from './metrics.ts';
import type { Phases } from './phases.ts';
import type { RoundTimes } from './round-times.ts';
import type { RunConfig } from './run-config.ts';
import type { Stand } from './checkpoints.ts';
import type {
  CatchUp,
  EventLine,
  LedgerLine,
  LostBecause,
  PeerStatus,
  RecordSummary,
  SetUp,
  VolunteerState,
  VolunteerStatus,
} from './status.ts';
import type { RoundOutcome } from './train-round.ts';
import { combineValidation } from './validation.ts';

const keptRecords = 400;
const keptEvents = 100;
const ledgerShown = 24;

/** Gathers what happens to a volunteer and makes the immutable snapshots that pages show. */
export class StatusBoard {
  state: VolunteerState = 'starting';
  reason = 'Opening the GPU.';
  fix: string | undefined;
  setUp: SetUp | undefined = { step: 'adapter', doing: 'opening', done: 0, total: 0 };
  fetching: VolunteerStatus['fetching'];
  pausedByPerson = false;
  heldBy: VolunteerStatus['heldBy'];
  servedBytes: () => number = () => 0;
  /** Whether the GPU had other work than the rounds' since this was last asked. */
  deskUsed: () => boolean = () => false;
  adapter: AdapterReport | undefined;
  gpuBytes = 0;
  gpuPlan: VolunteerStatus['gpuPlan'];
  precision: VolunteerStatus['precision'];
  gpuLosses = 0;
  gpuErrors = 0;
  gpuRoundsWithheld = 0;
  duty: { readonly share: number; readonly measured: number | undefined } | undefined;
  stateDigest: string | undefined;
  sample: VolunteerStatus['sample'];
  traffic: TransportStats = noTraffic;
  catchUp: CatchUp | undefined;
  repairs = 0;
  joinCatchUpMs: number | undefined;
  longestRoundMs = 0;
  roundTimes: RoundTimes | undefined;
  readonly #config: RunConfig;
  readonly #self: PeerId;
  readonly #phases: Phases;
  /** What was measured in every round, for whoever keeps it: not part of the snapshots, which go out with every change. */
  readonly metrics = new MetricsFeed();
  readonly #curve = new Curve();
  #measured: MetricsRow | undefined;
  #endBefore:
    { readonly bytes: ByteCounts; readonly round: number; readonly atMs: number | undefined } | undefined;
  readonly #receipts = new ReceiptBook();
  readonly #tally: ContributionTally;
  #records: RecordSummary[] = [];
  readonly #events: EventLine[] = [];
  /** Refusals before the newest event, in a row, if that is one. */
  #refusals = 0;
  #trained = 0;
  #payloadBytes = 0;
  #messageBytes = 0;
  #tokensPerSecond: number | undefined;
  #gpuMsPerToken: number | undefined;
  #validation: number | undefined;
  #ownLossFirst: number | undefined;
  #ownLossLast: number | undefined;

  constructor(config: RunConfig, self: PeerId, phases: Phases) {
    this.#config = config;
    this.#self = self;
    this.#phases = phases;
    const { tokensPerRound, microBatch, model } = config;
    this.#tally = new ContributionTally(self, Math.max(tokensPerRound, microBatch * model.context));
  }

  get lastRecord(): RecordSummary | undefined {
    return this.#records.at(-1);
  }

  /** Refusals in a row become one line, so that a flood cannot push out the rest. */
  event({ atMs, kind, text }: EventLine): void {
    const again = kind === 'rejected' && this.#events.at(-1)?.kind === kind;
    this.#refusals = again ? this.#refusals + 1 : 0;
    if (again) this.#events.pop();
    const more = `${this.#refusals} more refusal${this.#refusals === 1 ? '' : 's'}`;
    this.#push(this.#events, keptEvents, {
      atMs,
      kind,
      text: again ? `${text} And ${more} before it.` : text,
    });
  }

  /** The replica was put to the state after `round`: what is on the board of later rounds no longer stands. */
  wentTo(round: number): void {
    this.#records = this.#records.filter((record) => record.round <= round);
    this.#curve.cutBack(round);
    this.metrics.cutBack(round);
    this.#tally.cutBack(round);
  }

  /** The replica was repaired: its state after the round it stands at was another. */
  corrected({ round, state }: Stand): void {
    this.#records = this.#records.map((record) => (record.round === round ? { ...record, state } : record));
  }

  /** Rounds of own contributions that are neither final nor lost, as far as receipts are kept. */
  get unsettledRounds(): readonly number[] {
    return this.#receipts.unsettledRounds;
  }

  /** Own contribution of `round` is final and counted. */
  counted(round: number): void {
    this.#receipts.counted(round);
  }

  /** Own contribution of `round` will never be counted. */
  lost(round: number, because?: LostBecause): void {
    this.#receipts.lost(round, because);
  }

  /** Books a finished round. */
  round(outcome: RoundOutcome, validationBatches: number): void {
    const { agreed, mine, state, computeMs, members, gradientNorm } = outcome;
    const { record } = agreed;
    const counted = record.contributions;
    const tokens = counted.reduce((sum, one) => sum + one.tokens, 0);
    const train =
      tokens === 0 ? undefined : counted.reduce((sum, one) => sum + one.loss * one.tokens, 0) / tokens;
    const validation = combineValidation(counted, members, validationBatches);
    this.stateDigest = state;
    if (validation !== undefined) this.#validation = validation;
    if (train !== undefined) this.#curve.add({ round: record.round, train, validation });
    this.#push(this.#records, keptRecords, {
      round: record.round,
      leader: record.leader,
      contributions: counted.length,
      tokens,
      train,
      validation,
      state,
    });
    const isCounted = counted.some(({ author }) => author === this.#self);
    this.#receipts.applied(record.round, isCounted);
    this.#tally.add(record.round, counted);
    this.#measured = {
      round: record.round,
      train,
      validation,
      tokens,
      contributions: counted.length,
      gradientNorm,
    };
    const isShared = this.deskUsed();
    if (mine === undefined) return;
    const sent = agreed.contributions.find(({ author }) => author === this.#self);
    const payloadBytes = mine.payload.length;
    const messageBytes = sent?.messageBytes ?? payloadBytes;
    this.#trained++;
    this.#ownLossFirst ??= mine.loss;
    this.#ownLossLast = mine.loss;
    this.#payloadBytes += payloadBytes;
    this.#messageBytes += messageBytes;
    this.#tokensPerSecond = computeMs > 0 ? (1000 * mine.tokens) / computeMs : undefined;
    // What was busy with other work too says nothing of this work.
    const busyMs = isShared ? undefined : outcome.busyMs;
    this.#gpuMsPerToken = busyMs === undefined ? undefined : busyMs / mine.tokens;
    const own = { counted: isCounted, tokens: mine.tokens, payloadBytes, messageBytes };
    this.#receipts.add({ round: record.round, ...own });
    const ownTokensPerSecond = this.#tokensPerSecond;
    this.#measured = { ...this.#measured, ownTokensPerSecond, payloadBytes, messageBytes };
  }

  /** After a booked round: all bytes to this moment, and the time where the round was followed as it happened. */
  roundEnds(bytes: ByteCounts, atMs: number | undefined): void {
    const measured = this.#measured;
    if (measured === undefined) return;
    const before = this.#endBefore;
    this.#endBefore = { bytes, round: measured.round, atMs };
    this.#measured = undefined;
    // What joining and catching up took is no round's.
    const isNext = before?.round === measured.round - 1;
    const since = isNext && {
      bytesUp: bytes.bytesUp - before.bytes.bytesUp,
      bytesDown: bytes.bytesDown - before.bytes.bytesDown,
      roundMs: atMs === undefined || before.atMs === undefined ? undefined : atMs - before.atMs,
    };
    this.metrics.add({ ...measured, ...since });
  }

  /** The measured loss on the whole validation set after the last round. */
  finalValidation(loss: number): void {
    this.#validation = loss;
    const last = this.#records.at(-1);
    if (last?.train !== undefined)
      this.#curve.add({ round: last.round + 1, train: last.train, validation: loss });
    if (last !== undefined) this.metrics.add({ round: last.round + 1, validation: loss });
  }

  snapshot(view: SwarmView | undefined): VolunteerStatus {
    if (view !== undefined) this.#receipts.settle(view);
    const last = this.#records.at(-1);
    const payload = this.#trained === 0 ? undefined : this.#payloadBytes / this.#trained;
    const parameters = countParameters(this.#config.model);
    return {
      state: this.state,
      reason: this.reason,
      fix: this.fix,
      setUp: this.setUp,
      fetching: this.fetching,
      pausedByPerson: this.pausedByPerson,
      heldBy: this.heldBy,
      self: this.#self,
      adapter: this.adapter,
      preset: this.#config.preset,
      parameters,
      gpuBytes: this.gpuBytes,
      gpuPlan: this.gpuPlan,
      precision: this.precision,
      gpuLosses: this.gpuLosses,
      gpuErrors: this.gpuErrors,
      gpuRoundsWithheld: this.gpuRoundsWithheld,
      gpuShare: this.duty?.share ?? 1,
      gpuShareMeasured: this.duty?.measured,
      round: last?.round ?? view?.round ?? 0,
      endRound: this.#config.endRound ?? undefined,
      members: view?.members.length ?? 0,
      peers: view === undefined ? [] : this.#peers(view),
      replicasAgree: view === undefined || view.confirms.length === 0 ? undefined : view.replicasAgree,
      stateDigest: this.stateDigest,
      trainLoss: last?.train,
      validationLoss: this.#validation,
      curve: this.#curve.points,
      receipts: this.#receipts.all,
      records: [...this.#records],
      roundsTrained: this.#trained,
      ownLossFirst: this.#ownLossFirst,
      ownLossLast: this.#ownLossLast,
      tokensPerSecond: this.#tokensPerSecond,
      gpuMsPerToken: this.#gpuMsPerToken,
      bytesUp: this.traffic.bytesUp,
      bytesDown: this.traffic.bytesDown,
      textBytes: this.servedBytes(),
      compression: payload === undefined ? undefined : (4 * parameters) / payload,
      messageBytesPerRound: this.#trained === 0 ? undefined : this.#messageBytes / this.#trained,
      payloadBytesPerRound: payload,
      phaseMs: this.#phases.total,
      sample: this.sample,
      rejections: view?.rejections ?? {},
      catchUp: this.catchUp,
      finalRound: view?.finalRound ?? -1,
      epoch: view?.epoch ?? 0,
      ledger: view === undefined ? [] : linesOf(view),
      repairs: this.repairs,
      lostContributions: this.#receipts.lostCount,
      leaderboard: this.#tally.view,
      joinCatchUpMs: this.joinCatchUpMs,
      longestRoundMs: this.longestRoundMs,
      timeline: this.roundTimes?.timeline ?? { nowMs: 0, rounds: [] },
      events: [...this.#events],
    };
  }

  #peers(view: SwarmView): PeerStatus[] {
    const ids = [...new Set([this.#self, ...view.members, ...view.connected])].sort();
    const links = new Map(this.traffic.links.map(({ peer, ...link }) => [peer, link]));
    return ids.map((id) => ({
      id,
      self: id === this.#self,
      member: view.members.includes(id),
      connected: id === this.#self || view.connected.includes(id),
      leader: id === view.leader,
      state: view.confirms.find(({ peer }) => peer === id)?.state,
      adapter: id === this.#self ? this.adapter?.name : undefined,
      tokensPerSecond: id === this.#self ? this.#tokensPerSecond : undefined,
      link: view.connected.includes(id) ? links.get(id) : undefined,
    }));
  }

  #push<T>(list: T[], limit: number, item: T): void {
    list.push(item);
    if (list.length > limit) list.shift();
  }
}

const linesOf = (view: SwarmView): LedgerLine[] =>
  view.ledger.slice(-ledgerShown).map(({ record, members, standing, by, of }) => ({
    round: record.round,
    digest: record.digest,
    leader: record.leader,
    members,
    contributions: record.contributions.length,
    joins: record.joins.length,
    leaves: record.leaves.length,
    standing,
    by,
    of,
  }));
