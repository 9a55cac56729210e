import type { Bytes } from '../../src/base/bytes.ts';
import { hashWords, SeededRandom } from '../../src/base/random.ts';
import { check, type Checked, type Fault } from './check.ts';
import { shrink } from './shrink.ts';
import type { FuzzTarget, Sample } from './target.ts';

/** What became of one target's mutants. */
export interface Tally {
  readonly target: FuzzTarget;
  tried: number;
  past: number;
  accepted: number;
  ms: number;
  /** Refusals by reason. */
  readonly reasons: Map<string, number>;
  /** The first failure of each kind, shrunk. */
  readonly failures: Failure[];
}

export interface Failure extends Fault {
  readonly target: string;
  readonly seed: number;
  /** Of the mutant: `--target x --seed s --index i` makes it again. Negative: the pool's valid input number -1 - i. */
  readonly index: number;
  readonly bytes: Bytes;
  readonly shrunk: Bytes;
}

export interface CampaignOptions {
  readonly targets: readonly FuzzTarget[];
  /** Mutants of all targets together, parted by `share`. */
  readonly count: number;
  readonly seed: number;
  /** Asked between slices; true ends the campaign. */
  readonly enough?: () => boolean;
  readonly onSlice?: (tried: number) => void;
}

/** Mutants of one pool of valid inputs: then a new one is drawn. */
const poolLife = 1 << 16;
const poolSize = 192;
/** Mutants of a target before the next target's turn. */
const slice = 1_024;
/** Reasons are stable phrases: a decoder has few. */
export const mostReasons = 40;

const nameWord = (name: string): number => hashWords(...Array.from(name, (letter) => letter.charCodeAt(0)));

/** One target under one seed: mutant `index` is a pure function of both. */
class Attack {
  readonly target: FuzzTarget;
  readonly seed: number;
  readonly #name: number;
  #epoch = -1;
  #pool: Sample[] = [];

  constructor(target: FuzzTarget, seed: number) {
    this.target = target;
    this.seed = seed;
    this.#name = nameWord(target.name);
  }

  /** The valid inputs that mutant `index` is made of. */
  pool(index: number): readonly Sample[] {
    const epoch = Math.floor(index / poolLife);
    if (epoch !== this.#epoch) {
      const random = new SeededRandom(hashWords(this.seed, this.#name, epoch, 1));
      this.#pool = Array.from({ length: poolSize }, () => this.target.sample(random));
      this.#epoch = epoch;
    }
    return this.#pool;
  }

  mutant(index: number): Bytes {
    const pool = this.pool(index);
    const random = new SeededRandom(hashWords(this.seed, this.#name, index, 2));
    const [one, other] = [random, random].map((r) => pool[r.u32() % poolSize]) as [Sample, Sample];
    return this.target.mutate(random, one, other);
  }
}

/** The bytes of one mutant: what a failure's seed and index name. */
export const mutantOf = (target: FuzzTarget, seed: number, index: number): Bytes =>
  new Attack(target, seed).mutant(index);

/** Attacks every target in turns until each has had its share. */
export async function campaign(options: CampaignOptions): Promise<readonly Tally[]> {
  const shares = options.targets.reduce((sum, { share }) => sum + share, 0);
  const runs = options.targets.map((target) => ({
    attack: new Attack(target, options.seed),
    quota: Math.ceil((options.count * target.share) / shares),
    tally: {
      target,
      tried: 0,
      past: 0,
      accepted: 0,
      ms: 0,
      reasons: new Map<string, number>(),
      failures: [],
    },
  }));
  let tried = 0;
  let open = true;
  while (open && options.enough?.() !== true) {
    open = false;
    for (const { attack, quota, tally } of runs) {
      const start = performance.now();
      const end = Math.min(quota, tally.tried + Math.ceil(slice * attack.target.share));
      const before = tally.tried;
      while (tally.tried < end && !isTooSlow(tally)) await attackOnce(attack, tally);
      tally.ms += performance.now() - start;
      open ||= tally.tried < quota && !isTooSlow(tally);
      tried += tally.tried - before;
      options.onSlice?.(tried);
      if (options.enough?.() === true) break;
    }
  }
  return runs.map(({ tally }) => tally);
}

/** Such a decoder is not tried again: each further mutant might take as long, several times over. */
const isTooSlow = ({ failures }: Tally): boolean => failures.some(({ kind }) => kind === 'too-slow');

async function attackOnce(attack: Attack, tally: Tally): Promise<void> {
  const index = tally.tried;
  if (index % poolLife === 0) await checkPool(attack, tally);
  const bytes = attack.mutant(index);
  const checked = await check(attack.target, bytes);
  tally.tried++;
  if (checked.past) tally.past++;
  if (checked.outcome === 'accepted') tally.accepted++;
  else tally.reasons.set(checked.outcome, (tally.reasons.get(checked.outcome) ?? 0) + 1);
  await note(attack, tally, index, bytes, checked);
  if (tally.reasons.size > mostReasons)
    await note(attack, tally, index, bytes, {
      ...checked,
      fault: { kind: 'bad-reason', detail: `more than ${mostReasons} reasons` },
    });
}

/** Mutants of something that was never valid would show little. */
async function checkPool(attack: Attack, tally: Tally): Promise<void> {
  for (const [number, { bytes }] of attack.pool(tally.tried).entries()) {
    const checked = await check(attack.target, bytes);
    const fine = checked.outcome === 'accepted' && checked.past;
    const found =
      checked.fault ?? (fine ? undefined : { kind: 'valid-refused' as const, detail: checked.outcome });
    await note(attack, tally, -1 - number, bytes, { ...checked, fault: found });
  }
}

async function note(
  { target, seed }: Attack,
  tally: Tally,
  index: number,
  bytes: Bytes,
  { fault }: Checked,
): Promise<void> {
  if (fault === undefined || tally.failures.some(({ kind }) => kind === fault.kind)) return;
  const same = async (candidate: Bytes) => (await check(target, candidate)).fault?.kind === fault.kind;
  const budget = fault.kind === 'valid-refused' ? 0 : fault.kind === 'too-slow' ? 20 : 1_500;
  const shrunk = await shrink(bytes, same, budget);
  const { detail } = (await check(target, shrunk)).fault ?? fault;
  tally.failures.push({ target: target.name, seed, index, kind: fault.kind, detail, bytes, shrunk });
}
