import { SeededRandom } from '../../src/base/random.ts';
import { realClock } from '../../src/base/clock.ts';
import { StarlingError } from '../../src/base/errors.ts';
import type { Digest, RunId } from '../../src/base/ids.ts';
import { blockLayout } from '../../src/compression/blocks.ts';
import { decodeUpdate, encodeUpdate, maxPayloadBytes } from '../../src/compression/sparse-update.ts';
import { decodeParameters, initialParameters, parameterLayout } from '../../src/model/parameters.ts';
import { DistroReference } from '../../src/strategies/distro-reference.ts';
import { randomUpdate } from '../../src/strategies/replay-fixture.ts';
import type { Signer } from '../../src/swarm/identity.ts';
import type { Entry, Swarm, SwarmRules } from '../../src/swarm/swarm-api.ts';
import { createSwarm } from '../../src/swarm/swarm.ts';
import type { Transport } from '../../src/swarm/transport.ts';
import { hyperparametersOf, type RunConfig } from '../../src/volunteer/run-config.ts';

interface Kept {
  readonly round: number;
  readonly record: Digest | undefined;
  readonly state: string;
  readonly values: Float32Array;
}
const roundsKept = 24;

/**
 * A member as good as any to the others, without a GPU: it contributes votes drawn at random, applies every record in plain
 * loops and confirms the state that this gives. So a tab that means harm is let in, is believed, and leads in its turn.
 */
export class ReferenceMember {
  readonly swarm: Swarm;
  readonly rules: SwarmRules;
  /** Called after every round, when the round that follows is open. */
  afterRound: () => void = () => undefined;
  readonly #config: RunConfig;
  readonly #random: SeededRandom;
  readonly #kept: Kept[] = [];
  #reference: DistroReference;

  constructor(config: RunConfig, runId: RunId, signer: Signer, transport: Transport, seed: number) {
    this.#config = config;
    this.#random = new SeededRandom(seed);
    const { specs, length } = parameterLayout(config.model);
    const { k } = config.strategy;
    const layout = blockLayout(specs);
    this.#reference = this.#replicaOf(initialParameters(config.model, config.seed));
    this.rules = {
      runId,
      founder: config.founder,
      minMembers: config.minMembers,
      roundDeadlineMs: config.roundDeadlineMs,
      open: config.open,
      maxPayloadBytes: maxPayloadBytes(layout, k),
      maxSnapshotBytes: 4 * length,
      payloadProblem: (payload) => {
        const decoded = decodeUpdate(layout, k, payload);
        return decoded.ok ? undefined : decoded.reason;
      },
    };
    this.swarm = createSwarm({ signer, transport, clock: realClock, rules: this.rules });
  }

  /** A payload that every volunteer of the run accepts. */
  payload(): Uint8Array<ArrayBuffer> {
    const { layout } = this.#reference;
    const { k } = this.#config.strategy;
    return encodeUpdate(layout, k, randomUpdate(layout, k, this.#random));
  }

  /** Until the swarm is closed. */
  async run(): Promise<never> {
    const { swarm } = this;
    let entry: Entry | undefined = await swarm.enter(this.#reference.digest());
    for (;;) {
      try {
        if (entry !== undefined) await this.#enter(entry);
        await this.#follow();
      } catch (thrown) {
        const code = thrown instanceof StarlingError ? thrown.code : undefined;
        if (code !== 'swarm-branch' && code !== 'swarm-behind') throw thrown;
        entry = code === 'swarm-branch' && this.#goBack() ? undefined : await swarm.reenter();
      }
    }
  }

  async #enter(entry: Entry): Promise<void> {
    if (entry.kind === 'snapshot') {
      const values = decodeParameters(parameterLayout(this.#config.model), entry.bytes);
      if (!values.ok) throw new Error(`an honest tab gave a snapshot that is none: ${values.reason}`);
      this.#reference = this.#replicaOf(values.value);
      await this.swarm.confirm(entry.round, entry.state, entry.record);
    }
    this.#keep(entry.round, entry.kind === 'snapshot' ? entry.record : undefined);
  }

  async #follow(): Promise<never> {
    const { swarm } = this;
    for (let round = (this.#kept.at(-1)?.round ?? 0) + 1; ; round++) {
      if (swarm.isMember(round)) {
        const measures = { weight: 1, tokens: 1, loss: 5, validationLoss: undefined } as const;
        await swarm.publish(round, { ...measures, payload: this.payload() });
      }
      const { record, contributions } = await swarm.agree(round);
      this.#reference.apply(round, contributions);
      this.#keep(round, record.digest);
      await swarm.confirm(round, this.#kept.at(-1)?.state ?? '', record.digest);
      this.afterRound();
    }
  }

  /** To the newest kept replica of the chain as it now is; false where there is none. */
  #goBack(): boolean {
    const chain = new Map(this.swarm.view().ledger.map(({ record }) => [record.round, record.digest]));
    const at = this.#kept.findLastIndex(({ round, record }) => round === 0 || chain.get(round) === record);
    const back = this.#kept[at];
    if (back === undefined) return false;
    this.#kept.length = at + 1;
    this.#reference = this.#replicaOf(back.values);
    this.swarm.standAt(back.round, back.state);
    return true;
  }

  #keep(round: number, record: Digest | undefined): void {
    const { values } = this.#reference;
    this.#kept.push({ round, record, state: this.#reference.digest(), values });
    if (this.#kept.length > roundsKept) this.#kept.shift();
  }

  #replicaOf(values: Float32Array): DistroReference {
    const { specs } = parameterLayout(this.#config.model);
    return new DistroReference(specs, values, hyperparametersOf(this.#config));
  }
}
