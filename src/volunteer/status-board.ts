import type { PeerId } from '../base/ids.ts';
import type { AdapterReport } from '../gpu/device.ts';
import { countParameters } from '../model/config.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import type { TransportStats } from '../swarm/transport.ts';
import { Curve } from './curve.ts';
import type { Phases } from './phases.ts';
import type { RunConfig } from './run-config.ts';
import type { Stand } from './checkpoints.ts';
import type {
  CatchUp,
  EventLine,
  LedgerLine,
  PeerStatus,
  Receipt,
  RecordSummary,
  VolunteerState,
  VolunteerStatus,
} from './status.ts';
import type { RoundOutcome } from './train-round.ts';
import { combineValidation } from './validation.ts';

const keptReceipts = 50;
const keptRecords = 400;
const keptEvents = 100;
const ledgerShown = 24;

/** Gathers what happens to a volunteer and makes the immutable snapshots that pages show. */
export class StatusBoard {
  state: VolunteerState = 'starting';
  reason = 'Opening the GPU.';
  fix: string | undefined;
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
  traffic: TransportStats = { bytesUp: 0, bytesDown: 0 };
  catchUp: CatchUp | undefined;
  repairs = 0;
  joinCatchUpMs: number | undefined;
  longestRoundMs = 0;
  readonly #config: RunConfig;
  readonly #self: PeerId;
  readonly #phases: Phases;
  readonly #curve = new Curve();
  #receipts: Receipt[] = [];
  #records: RecordSummary[] = [];
  readonly #events: EventLine[] = [];
  /** Refusals before the newest event, in a row, if that is one. */
  #refusals = 0;
  readonly #lost = new Set<number>();
  readonly #settled = new Set<number>();
  #trained = 0;
  #payloadBytes = 0;
  #messageBytes = 0;
  #tokensPerSecond: number | undefined;
  #validation: number | undefined;
  #ownLossFirst: number | undefined;
  #ownLossLast: number | undefined;

  constructor(config: RunConfig, self: PeerId, phases: Phases) {
    this.#config = config;
    this.#self = self;
    this.#phases = phases;
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
  }

  /** The replica was repaired: its state after the round it stands at was another. */
  corrected({ round, state }: Stand): void {
    this.#records = this.#records.map((record) => (record.round === round ? { ...record, state } : record));
  }

  /** Rounds of own contributions that are neither final nor lost, as far as receipts are kept. */
  get unsettledRounds(): readonly number[] {
    return this.#receipts.flatMap(({ round, standing }) =>
      standing === 'provisional' && !this.#settled.has(round) ? [round] : [],
    );
  }

  /** Own contribution of `round` is final and counted. */
  counted(round: number): void {
    this.#settled.add(round);
  }

  /** Own contribution of `round` will never be counted. */
  lost(round: number): void {
    this.#lost.add(round);
    this.#receipts = this.#receipts.map((receipt) =>
      receipt.round === round ? { ...receipt, counted: false, standing: 'lost' } : receipt,
    );
  }

  /** Books a finished round. */
  round({ agreed, mine, state, computeMs, members }: RoundOutcome, validationBatches: number): void {
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
    this.#receipts = this.#receipts.map((receipt) =>
      receipt.round === record.round ? { ...receipt, counted: isCounted } : receipt,
    );
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
    const receipt: Receipt = {
      round: record.round,
      counted: isCounted,
      standing: this.#lost.has(record.round) ? 'lost' : 'provisional',
      by: 0,
      of: 0,
      tokens: mine.tokens,
      payloadBytes,
      messageBytes,
    };
    this.#push(this.#receipts, keptReceipts, receipt);
  }

  /** The measured loss on the whole validation set after the last round. */
  finalValidation(loss: number): void {
    this.#validation = loss;
    const last = this.#records.at(-1);
    if (last?.train !== undefined)
      this.#curve.add({ round: last.round + 1, train: last.train, validation: loss });
  }

  snapshot(view: SwarmView | undefined): VolunteerStatus {
    if (view !== undefined) this.#settle(view);
    const last = this.#records.at(-1);
    const payload = this.#trained === 0 ? undefined : this.#payloadBytes / this.#trained;
    const parameters = countParameters(this.#config.model);
    return {
      state: this.state,
      reason: this.reason,
      fix: this.fix,
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
      receipts: [...this.#receipts],
      records: [...this.#records],
      roundsTrained: this.#trained,
      ownLossFirst: this.#ownLossFirst,
      ownLossLast: this.#ownLossLast,
      tokensPerSecond: this.#tokensPerSecond,
      bytesUp: this.traffic.bytesUp,
      bytesDown: this.traffic.bytesDown,
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
      lostContributions: this.#lost.size,
      joinCatchUpMs: this.joinCatchUpMs,
      longestRoundMs: this.longestRoundMs,
      events: [...this.#events],
    };
  }

  /** Writes finality into the receipts, with the votes that the ledger shows for it. */
  #settle(view: SwarmView): void {
    if (this.#settled.size === 0) return;
    const lines = new Map(view.ledger.map((line) => [line.record.round, line]));
    this.#receipts = this.#receipts.map((receipt) => {
      if (!this.#settled.has(receipt.round)) return receipt;
      this.#settled.delete(receipt.round);
      const { by = 0, of = 0 } = lines.get(receipt.round) ?? {};
      return { ...receipt, counted: true, standing: 'final', by, of };
    });
    const oldest = this.#receipts[0]?.round ?? Infinity;
    for (const round of this.#settled) if (round < oldest) this.#settled.delete(round);
  }

  #peers(view: SwarmView): PeerStatus[] {
    const ids = [...new Set([this.#self, ...view.members, ...view.connected])].sort();
    return ids.map((id) => ({
      id,
      self: id === this.#self,
      member: view.members.includes(id),
      connected: id === this.#self || view.connected.includes(id),
      leader: id === view.leader,
      state: view.confirms.find(({ peer }) => peer === id)?.state,
      adapter: id === this.#self ? this.adapter?.name : undefined,
      tokensPerSecond: id === this.#self ? this.#tokensPerSecond : undefined,
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
