import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { assign, type Sample } from '../data/assignment.ts';
import type { Batch } from '../data/batch.ts';
import type { Corpus } from '../data/corpus.ts';
import { readBatch } from '../data/read-batch.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Replica } from '../model/replica.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { AgreedRound, OwnContribution, Swarm, Weight } from '../swarm/swarm-api.ts';
import type { GpuCare } from './gpu-care.ts';
import type { Phases } from './phases.ts';
import { refusesWork } from './refused-rounds.ts';
import type { RunConfig } from './run-config.ts';
import type { StartingPoint } from './start-weights.ts';
import { measuresValidation, validationShare, type ValidationSet } from './validation.ts';

/** Everything a round passes through. Replica and strategy are others after their GPU was set up again: read them when needed. */
export interface Street {
  readonly config: RunConfig;
  readonly corpus: Corpus;
  readonly tokenizer: Tokenizer;
  readonly replica: Replica;
  readonly strategy: Strategy;
  readonly care: GpuCare;
  readonly swarm: Swarm;
  readonly phases: Phases;
  readonly clock: Clock;
  readonly validation: ValidationSet;
  /** What the run starts from, where that is not what its seed gives. */
  readonly start?: StartingPoint | undefined;
}

/**
 * What a volunteer does in a round. `contribute`: train and send. `silent`: train for its own momentum only, as a latecomer
 * before its first vote, or in a round that its key has signed before. `follow`: apply what others agreed on.
 */
export type Part =
  { readonly kind: 'contribute' | 'silent'; readonly member: number } | { readonly kind: 'follow' };

export interface RoundOutcome {
  readonly agreed: AgreedRound;
  /** What this volunteer made for the others; undefined when it only followed or trained silently. */
  readonly mine: OwnContribution | undefined;
  /** Whether it left. */
  readonly sent: boolean;
  /** State digest after the round, 32 hex digits. */
  readonly state: string;
  readonly computeMs: number;
  /** Of these, the GPU was busy; undefined where that is not measured. */
  readonly busyMs?: number | undefined;
  /** L2 norm of this volunteer's mean gradient, before clipping; undefined where it had none or could not read it. */
  readonly gradientNorm?: number | undefined;
  /** The members of the round, sorted. */
  readonly members: readonly PeerId[];
}

/** How a round is followed from outside. */
export interface RoundWatch {
  /** The round was closed by others, or this volunteer is not to train any more: what it has learned by then is all. */
  readonly over: AbortSignal;
  /** All that is left is to wait for the record. */
  readonly waiting: (sent: OwnContribution | undefined) => void;
}

/**
 * One round, as the paper would write it: learn from text, share the compressed gradient, agree on what counts, apply
 * it bit-exactly, tell the others the state. What the GPU computed after it reported trouble reaches nobody: rejects with that
 * trouble instead. Of a round in which it refused work nothing is sent, and no state that it may have refused to compute is told:
 * rejects with StarlingError `gpu-refuses-work`. Undefined, and nothing is agreed on yet, where there was nothing to send: what
 * to do in the round may be asked again.
 */
export async function trainRound(
  street: Street,
  round: number,
  part: Part,
  { over, waiting }: RoundWatch,
): Promise<RoundOutcome | undefined> {
  const { replica, strategy, swarm, corpus, phases, clock, care } = street;
  const members = swarm.membersOf(round);
  let made: Made = { mine: undefined, sent: false, computeMs: 0 };
  let gradientNorm: Promise<number | undefined> | undefined;
  if (part.kind === 'contribute') {
    const contributed = await contribute(street, round, part.member, over);
    if (contributed === undefined) return undefined;
    made = contributed;
    gradientNorm = normOf(replica);
  } else if (part.kind === 'silent') {
    const before = care.refusals;
    const learned = await phases.during('compute', learn(street, round, part.member, over));
    if (care.refusals > before) care.withheld(round);
    else if (learned !== undefined) {
      await strategy.accumulate(round);
      gradientNorm = normOf(replica);
    }
  }
  const { mine, sent, computeMs, busyMs } = made;
  if (part.kind !== 'follow') void corpus.prefetch(samplesOf(street, round + 1, part.member));
  waiting(sent ? mine : undefined);
  const agreed = await agree(street, round);
  const start = clock.now();
  const before = care.refusals;
  const update = strategy.aggregate(agreed.contributions);
  await strategy.apply(round, update);
  const state = await replica.digest();
  care.check();
  if (care.refusals > before) throw refusesWork(`as round ${round} was applied`);
  await swarm.confirm(round, state, agreed.record.digest);
  phases.add('apply', clock.now() - start);
  return { agreed, mine, sent, state, computeMs, busyMs, members, gradientNorm: await gradientNorm };
}

/** Read beside the round's other work: nothing waits for it but the round's end. */
const normOf = (replica: Replica): Promise<number | undefined> =>
  replica.gradientNorm().catch(() => undefined); // a lost GPU says so where it matters

/** What was made for the others in a round. */
type Made = Pick<RoundOutcome, 'mine' | 'sent' | 'computeMs' | 'busyMs'>;

/**
 * Learns, and sends what it came to, if anything. Nothing is sent of what the GPU refused a part of: it reads as numbers of an earlier round. What
 * has left the momentum by then is gone, since nobody knows what it was.
 */
async function contribute(
  street: Street,
  round: number,
  member: number,
  over: AbortSignal,
): Promise<Made | undefined> {
  const { strategy, swarm, phases, clock, care } = street;
  const before = care.refusals;
  const validationLoss = await measureShare(street, round, member, over);
  const [start, busyBefore] = [clock.now(), care.duty.busyMs];
  const learned = await phases.during('compute', learn(street, round, member, over));
  const isRefused = (): boolean => care.refusals > before;
  const payload =
    learned === undefined || isRefused()
      ? undefined
      : await phases.during('compute', strategy.compress(round));
  const computeMs = clock.now() - start;
  const busyMs = care.duty.busyMs - busyBefore || undefined;
  care.check();
  if (isRefused()) {
    strategy.forget(round);
    care.withheld(round);
    return undefined;
  }
  if (learned === undefined || payload === undefined) return undefined;
  const mine = { ...learned, payload, validationLoss };
  const sent = await phases.during('exchange', swarm.publish(round, mine));
  if (!sent) strategy.giveBack(round);
  return { mine, sent, computeMs, busyMs };
}

const tokensPerBatch = ({ microBatch, model }: RunConfig): number => microBatch * model.context;

const mostBatches = (config: RunConfig): number =>
  Math.max(1, Math.floor(config.tokensPerRound / tokensPerBatch(config)));

/** What a member reads in a round at most. `member` is its index, not its key, so that a seeded run reads the same text whoever takes part. */
function samplesOf({ config, corpus }: Street, round: number, member: number): Sample[] {
  return assign({
    seed: config.seed,
    round,
    member,
    sequences: mostBatches(config) * config.microBatch,
    sequenceLength: config.model.context,
    shards: corpus.manifest.shards,
  });
}

/**
 * Micro-batches until the token target or the compute budget is reached, or it is over; gradients add up in the replica. Undefined
 * where it was over before the first.
 */
async function learn(
  street: Street,
  round: number,
  member: number,
  over: AbortSignal,
): Promise<Pick<OwnContribution, 'tokens' | 'loss' | 'weight'> | undefined> {
  const { config, corpus, tokenizer, replica, clock, care } = street;
  const { microBatch, tokensPerRound, model } = config;
  const most = mostBatches(config);
  const samples = samplesOf(street, round, member);
  const end = clock.now() + config.computeBudgetMs;
  const losses: number[] = [];
  replica.beginRound();
  do {
    const next = samples.slice(losses.length * microBatch, (losses.length + 1) * microBatch);
    await care.duty.rest(over);
    if (over.aborted) break;
    losses.push(await lossOf(street, await readBatch(corpus, tokenizer, next, model.context), over));
  } while (losses.length < most && clock.now() < end);
  if (losses.length === 0) return undefined;
  const tokens = losses.length * tokensPerBatch(config);
  const loss = losses.reduce((sum, one) => sum + one, 0) / losses.length;
  return { tokens, loss, weight: voteWeight(tokens, tokensPerRound) };
}

/** Of one micro-batch: all its pieces at once, or with a rest between them where the GPU is to rest. */
async function lossOf({ replica, care: { duty } }: Street, batch: Batch, over: AbortSignal): Promise<number> {
  if (duty.share === 1) return replica.forwardBackward(batch);
  const rows = replica.batch * replica.sequence;
  let sum = 0;
  for (let start = 0; start < batch.ids.length; start += rows) {
    if (start > 0) await duty.rest(over);
    const [ids, targets] = [batch.ids, batch.targets].map((tokens) => tokens.subarray(start, start + rows));
    sum += await replica.forwardBackward({ ids, targets });
  }
  return (sum * rows) / batch.ids.length;
}

/** Quarters of the token target reached, 1 to 4. */
export const voteWeight = (tokens: number, target: number): Weight =>
  Math.min(4, Math.max(1, Math.floor((4 * tokens) / target))) as Weight;

/** The mean loss of this member's part of the validation text, in rounds that measure it; undefined where it was over before. */
async function measureShare(
  { config, replica, validation, care, swarm }: Street,
  round: number,
  member: number,
  over: AbortSignal,
): Promise<number | undefined> {
  if (!measuresValidation(config, round)) return undefined;
  const share = validationShare(validation.batches.length, member, swarm.membersOf(round).length);
  let sum = 0;
  for (const batch of share) {
    await care.duty.rest(over);
    if (over.aborted) return undefined;
    sum += await validation.measure(replica, [batch]);
  }
  return share.length === 0 ? undefined : sum / share.length;
}

/** Waits for the record, and books the wait: until every named body was here as exchange, the rest as agreement. */
async function agree({ swarm, phases, clock }: Street, round: number): Promise<AgreedRound> {
  const start = clock.now();
  const agreed = await swarm.agree(round);
  const end = clock.now();
  const bodiesAt = Math.min(Math.max(agreed.bodiesAtMs, start), end);
  phases.add('exchange', bodiesAt - start);
  phases.add('agree', end - bodiesAt);
  return agreed;
}
