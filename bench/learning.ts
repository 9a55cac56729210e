// npm run bench:learning -- [--rounds 300] [--volunteers 3] [--seed 1] [--beta 0.99]
// What the swarm learns, without the network: simulated volunteers with their own momentum on one GPU, the same text,
// batches and records as `npm run swarm -- --seed`. Prints a table and writes docs/results/learning.json.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { assign, validationSamples, type Sample } from '../src/data/assignment.ts';
import { Corpus } from '../src/data/corpus.ts';
import { readBatch } from '../src/data/read-batch.ts';
import { byteTokenizer } from '../src/data/tokenizer.ts';
import type { PeerId } from '../src/base/ids.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { nodeGpu } from '../src/hosts/node.ts';
import { Replica } from '../src/model/replica.ts';
import { DistroStrategy } from '../src/strategies/distro.ts';
import { hyperparametersOf } from '../src/volunteer/run-config.ts';
import { planRun } from '../src/volunteer/run-plan.ts';

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '300' },
      volunteers: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      beta: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds);
  const volunteers = Number(values.volunteers);
  const gpu = await Gpu.open(nodeGpu());
  const folder = new URL('../public/corpus/', `file://${process.cwd()}/bench/`);
  const corpus = await Corpus.open(readFileSync(new URL('manifest.json', folder)), undefined, (digest) =>
    Promise.resolve(readFileSync(new URL(`${digest}.bin`, folder))),
  );
  const config = planRun({
    preset: 'nano',
    seed: Number(values.seed),
    volunteers,
    rounds,
    fixedWork: true,
    founder: '0'.repeat(32) as PeerId,
    nonce: '0'.repeat(32),
    corpus: corpus.id,
  });
  const { microBatch, model } = config;
  const replica = Replica.create(gpu, model, {
    seed: config.seed,
    batch: microBatch,
    sequence: model.context,
  });
  const hyper = {
    ...hyperparametersOf(config),
    ...(values.beta === undefined ? {} : { momentumDecay: Number(values.beta) }),
  };
  const strategies = Array.from({ length: volunteers }, () => new DistroStrategy(replica, hyper));
  const shards = corpus.manifest.shards;
  const batchOf = (samples: readonly Sample[]) => readBatch(corpus, byteTokenizer, samples, model.context);
  const validation = await batchOf(
    validationSamples({ seed: config.seed, count: 256, sequenceLength: model.context, shards }),
  );
  const curve: { round: number; train: number; validation: number }[] = [];
  let bytes = 0;
  const start = performance.now();
  for (let round = 1; round <= rounds; round++) {
    const contributions = [];
    let train = 0;
    for (let member = 0; member < volunteers; member++) {
      const samples = assign({
        seed: config.seed,
        round,
        member,
        sequences: microBatch,
        sequenceLength: model.context,
        shards,
      });
      replica.beginRound();
      train += (await replica.forwardBackward(await batchOf(samples))) / volunteers;
      const payload = await strategies[member].compress(round);
      bytes += payload.length;
      contributions.push({ payload, weight: 4 });
    }
    await strategies[0].apply(round, strategies[0].aggregate(contributions));
    if (round === 1 || round % 50 === 0 || round === rounds) {
      const loss = await replica.evaluate(validation);
      curve.push({ round, train, validation: loss });
      console.log(
        `round ${round}  train ${train.toFixed(3)}  validation ${loss.toFixed(4)}  ${((performance.now() - start) / 1000).toFixed(0)} s`,
      );
    }
  }
  const payloadBytes = bytes / rounds / volunteers;
  const result = {
    preset: 'nano',
    volunteers,
    rounds,
    seed: config.seed,
    payloadBytes,
    compression: (4 * replica.layout.length) / payloadBytes,
    curve,
  };
  console.log(JSON.stringify({ payloadBytes, compression: result.compression }));
  mkdirSync('docs/results', { recursive: true });
  writeFileSync('docs/results/learning.json', `${JSON.stringify(result, null, 2)}\n`);
}
