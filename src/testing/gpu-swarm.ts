import { utf8, type Bytes } from '../base/bytes.ts';
import { realClock } from '../base/clock.ts';
import { digestOf } from '../base/digest.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { Digest, RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { Corpus } from '../data/corpus.ts';
import { canonicalManifest, manifestDigest, type CorpusManifest } from '../data/manifest.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { Replica } from '../model/replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import { MemoryNetwork } from '../swarm/memory-transport.ts';
import { memorySigningLog, type SigningLog } from '../swarm/signing-log.ts';
import type { Swarm } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { noTraffic } from '../swarm/transport.ts';
import type { GpuCare } from '../volunteer/gpu-care.ts';
import { Phases } from '../volunteer/phases.ts';
import { hyperparametersOf, type RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import { StatusBoard } from '../volunteer/status-board.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { TrainingLoop } from '../volunteer/training-loop.ts';
import { ValidationSet } from '../volunteer/validation.ts';
import { fakeCrypto, fakeSigner } from './fake-crypto.ts';
import { toyConfig } from './toy-run.ts';

/** Text in which every letter foretells the next, so that a few rounds of learning show. */
export async function toyCorpus(): Promise<{ id: Digest; files: Map<string, Bytes> }> {
  const text = utf8('abcdefghijklmnopqrstuvwxyz'.repeat(40));
  const digest = await digestOf(text);
  const shard = (split: 'train' | 'validation') => ({
    digest,
    bytes: text.length,
    split,
    documents: ['toy'],
  });
  const manifest: CorpusManifest = {
    version: 1,
    separator: '',
    notes: [],
    sources: [],
    shards: [shard('train'), shard('validation')],
    totals: { documents: 1, trainBytes: text.length, validationBytes: text.length },
  };
  const files = new Map([
    ['manifest.json', canonicalManifest(manifest)],
    [`${digest}.bin`, text],
  ]);
  return { id: await manifestDigest(manifest), files };
}

export interface GpuSwarmOptions {
  readonly seed: number;
  /** Volunteers that the founder, the first, waits for. */
  readonly minMembers: number;
  readonly roundDeadlineMs?: number;
  readonly endRound?: number;
}

/** Volunteers in one process on one GPU, over a memory network in real time. */
export class GpuSwarm {
  readonly network: MemoryNetwork;
  readonly volunteers: LoopVolunteer[] = [];
  readonly config: RunConfig;
  readonly gpu: Gpu;
  readonly seed: number;
  readonly #corpus: { id: Digest; files: Map<string, Bytes> };

  private constructor(gpu: Gpu, corpus: { id: Digest; files: Map<string, Bytes> }, options: GpuSwarmOptions) {
    this.gpu = gpu;
    this.seed = options.seed;
    this.#corpus = corpus;
    this.network = new MemoryNetwork({
      clock: realClock,
      random: new SeededRandom(options.seed),
      delayMs: [0, 2],
    });
    const planned = planRun({
      preset: 'nano',
      seed: options.seed,
      volunteers: options.minMembers,
      rounds: options.endRound,
      fixedWork: true,
      founder: fakeSigner(0).id,
      nonce: '0'.repeat(32),
      corpus: corpus.id,
    });
    this.config = { ...toyConfig(planned), roundDeadlineMs: options.roundDeadlineMs ?? 2_000 };
  }

  static async open(gpu: Gpu, options: GpuSwarmOptions): Promise<GpuSwarm> {
    return new GpuSwarm(gpu, await toyCorpus(), options);
  }

  /** Another volunteer; its loop starts now. `signingLog` is that of an earlier life of its key. */
  async join(signingLog?: SigningLog): Promise<LoopVolunteer> {
    const { files, id } = this.#corpus;
    const corpus = await Corpus.open(files.get('manifest.json') ?? new Uint8Array(), id, (digest) => {
      const bytes = files.get(`${digest}.bin`);
      return bytes === undefined ? Promise.reject(new Error(`no ${digest}`)) : Promise.resolve(bytes);
    });
    const volunteer = new LoopVolunteer(
      this,
      this.volunteers.length,
      corpus,
      signingLog ?? memorySigningLog(),
    );
    this.volunteers.push(volunteer);
    void volunteer.run();
    return volunteer;
  }

  /** Links, or unlinks, everyone of `a` and everyone of `b`. */
  part(a: readonly LoopVolunteer[], b: readonly LoopVolunteer[], how: 'cut' | 'mend'): void {
    for (const one of a) for (const other of b) this.network[how](one.swarm.self, other.swarm.self);
  }

  close(): void {
    for (const { swarm } of this.volunteers) swarm.close();
  }
}

/** A GPU that nothing happens to. */
const sturdyGpu: Omit<GpuCare, 'duty'> = {
  check: () => undefined,
  refusals: 0,
  withheld: () => undefined,
  troubleBehind: () => Promise.resolve(undefined),
  recover: (trouble) => Promise.reject(trouble),
};

/** The training loop as a Volunteer runs it, with its inside open to a test. */
export class LoopVolunteer {
  readonly replica: Replica;
  readonly strategy: DistroStrategy;
  readonly swarm: Swarm;
  readonly loop: TrainingLoop;
  readonly board: StatusBoard;
  readonly name: string;
  wantsToTrain = true;
  /** Awaited wherever the GPU may rest. */
  rest: (over: AbortSignal) => Promise<void> = () => Promise.resolve();
  ended: unknown;
  /** Own rounds whose contribution was given back, and those compressed, in order. */
  readonly givenBack: number[] = [];
  readonly compressed: number[] = [];
  /** State after each round, the newest word for it. */
  readonly states = new Map<number, string>();
  readonly #waiting = new Set<() => void>();
  readonly #seed: number;

  constructor(world: GpuSwarm, n: number, corpus: Corpus, signingLog: SigningLog) {
    const { config, gpu } = world;
    const { model, microBatch, seed } = config;
    const signer = fakeSigner(n);
    this.name = `volunteer ${n} (${signer.id.slice(0, 6)})`;
    this.#seed = world.seed;
    this.replica = Replica.create(gpu, model, { seed, batch: microBatch, sequence: model.context });
    this.strategy = new DistroStrategy(this.replica, hyperparametersOf(config));
    const { strategy } = this;
    const giveBack = strategy.giveBack.bind(strategy);
    strategy.giveBack = (round) => {
      const given = giveBack(round);
      if (given) this.givenBack.push(round);
      return given;
    };
    const compress = strategy.compress.bind(strategy);
    strategy.compress = (round) => {
      this.compressed.push(round);
      return compress(round);
    };
    this.swarm = createSwarm({
      signer,
      transport: world.network.create(signer.id),
      clock: realClock,
      crypto: fakeCrypto,
      signingLog,
      successionMs: 300,
      rules: {
        runId: 'ab'.repeat(32) as RunId,
        founder: config.founder,
        minMembers: config.minMembers,
        roundDeadlineMs: config.roundDeadlineMs,
        open: config.open,
        maxPayloadBytes: strategy.maxPayloadBytes,
        maxSnapshotBytes: 4 * this.replica.layout.length,
        payloadProblem: (payload) => strategy.payloadProblem(payload),
      },
    });
    const phases = new Phases(realClock);
    this.board = new StatusBoard(config, signer.id, phases);
    const validation = new ValidationSet(config, corpus, byteTokenizer);
    const { replica, swarm } = this;
    const duty = { share: 1, busyMs: 0, rest: (over: AbortSignal) => this.rest(over) };
    const care = { ...sturdyGpu, duty };
    const street = { config, corpus, tokenizer: byteTokenizer, replica, strategy, swarm, care };
    this.loop = new TrainingLoop(
      { ...street, phases, clock: realClock, validation },
      {
        board: this.board,
        signingLog,
        localSeed: n,
        wantsToTrain: () => this.wantsToTrain,
        counted: () => noTraffic,
        changed: () => {
          this.#look();
        },
        finished: () => Promise.resolve(),
      },
    );
  }

  get status(): VolunteerStatus {
    return this.board.snapshot(this.swarm.view());
  }

  async run(): Promise<void> {
    try {
      await this.loop.run();
    } catch (thrown) {
      this.ended = thrown;
      this.#look();
    }
  }

  /** Resolves when the status is so; rejects when the loop ends otherwise, or after `limitMs`. */
  until(
    what: string,
    test: (status: VolunteerStatus) => boolean,
    limitMs = 100_000,
  ): Promise<VolunteerStatus> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#waiting.delete(look);
        const { waitingFor, round } = this.swarm.view();
        const { events } = this.status;
        const told = events.map(({ text }) => text).join('\n');
        reject(
          new Error(
            `seed ${this.#seed}: ${this.name}, head ${round}, ${waitingFor}: ${why}: ${what}\n${told}`,
          ),
        );
      };
      const cancel = realClock.after(limitMs, () => {
        fail(`not so after ${limitMs} ms`);
      });
      const look = (): void => {
        const { status } = this;
        if (test(status)) {
          this.#waiting.delete(look);
          cancel();
          resolve(status);
        } else if (this.ended !== undefined) {
          cancel();
          fail(`ended with ${describeError(this.ended)}`);
        }
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Changes words of the replica on the GPU, as a computing error would. */
  async flip(words: readonly number[]): Promise<void> {
    const values = new Float32Array((await this.replica.snapshot()).buffer);
    for (const index of words) values[index] = (values[index] ?? 0) + 2 ** -22;
    this.replica.load(values);
  }

  get endedCode(): string | undefined {
    return this.ended instanceof StarlingError ? this.ended.code : undefined;
  }

  #look(): void {
    for (const { round, state } of this.status.records) this.states.set(round, state);
    for (const look of [...this.#waiting]) look();
  }
}
