import { utf8 } from '../../src/base/bytes.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { Digest, PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { refused } from '../../src/base/verdict.ts';
import { canonicalManifest, parseManifest, type CorpusManifest } from '../../src/data/manifest.ts';
import { countParameters, presets } from '../../src/model/config.ts';
import { readSignedRounds, type SignedRounds } from '../../src/swarm/signing-log.ts';
import { readRunConfig, type RunConfig } from '../../src/volunteer/run-config.ts';
import { mostStartBytes } from '../../src/volunteer/text-choice.ts';
import { draw, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import type { FuzzTarget } from './target.ts';

const peer = (random: SeededRandom): PeerId => drawHex(random, 16) as PeerId;
const digest = (random: SeededRandom): Digest => drawHex(random, 32) as Digest;
const name = (random: SeededRandom): string => drawHex(random, 1 + draw(random, 8));

function runConfig(random: SeededRandom): RunConfig {
  const preset = pick(random, ['nano', 'micro', 'small'] as const);
  const model = presets[preset];
  const startBytes = 4 * countParameters(model);
  let round = 0;
  return {
    version: 1,
    preset,
    model,
    tokenizer: 'bytes',
    corpus: digest(random),
    strategy: {
      name: 'distro',
      k: 1 + draw(random, 31),
      momentumDecayPermille: draw(random, 1000),
      schedule: Array.from({ length: 1 + draw(random, 6) }, (_, index) => {
        if (index > 0) round += 1 + draw(random, 1000);
        return [round, draw(random, 1 + (1 << 13))] as const;
      }),
      decayPermille: draw(random, 101),
    },
    seed: random.u32(),
    microBatch: 1 + draw(random, 64),
    tokensPerRound: model.context + draw(random, 100_000),
    computeBudgetMs: 100 + draw(random, 3_000_000),
    roundDeadlineMs: 500 + draw(random, 3_000_000),
    minMembers: 1 + draw(random, 64),
    endRound: oneIn(random, 2) ? null : 1 + drawCount(random, 1e9 - 1),
    validationEvery: 1 + draw(random, 1000),
    validationSequences: 1 + draw(random, 4_096),
    founder: peer(random),
    nonce: drawHex(random, 16),
    open: oneIn(random, 2),
    ...(startBytes <= mostStartBytes &&
      oneIn(random, 2) && {
        start: { root: digest(random), state: drawHex(random, 16), bytes: startBytes },
      }),
  };
}

function manifest(random: SeededRandom): CorpusManifest {
  const shards = Array.from({ length: 1 + draw(random, 5) }, () => ({
    digest: digest(random),
    bytes: 1 + drawCount(random, (16 << 20) - 1),
    split: pick(random, ['train', 'validation'] as const),
    documents: drawList(random, 3, () => name(random)),
  }));
  const total = (split: 'train' | 'validation') =>
    shards.reduce((sum, shard) => sum + (shard.split === split ? shard.bytes : 0), 0);
  return {
    version: 1,
    separator: '\n',
    notes: drawList(random, 2, () => name(random)),
    sources: drawList(random, 2, () => ({
      name: name(random),
      package: name(random),
      packageVersion: '1.0.0',
      licence: 'public domain',
      documents: draw(random, 100),
      bytes: drawCount(random, 2 ** 31),
    })),
    shards,
    totals: {
      documents: draw(random, 100),
      trainBytes: total('train'),
      validationBytes: total('validation'),
    },
  };
}

/** What is stored or served: a run's config, the corpus manifest, what a key has signed. */
export const configTargets: readonly FuzzTarget[] = [
  jsonTarget<RunConfig, RunConfig>('run-config', {
    generate: runConfig,
    decode: (bytes) => readRunConfig(textOf(bytes)),
    encode: (value) => utf8(canonicalJson(value)),
    notJson: ['config too long', 'config is not JSON'],
  }),
  jsonTarget<CorpusManifest, CorpusManifest>('corpus-manifest', {
    generate: manifest,
    decode: parseManifest,
    encode: canonicalManifest,
    notJson: ['manifest too long', 'manifest is not JSON'],
  }),
  jsonTarget<SignedRounds, SignedRounds>('signed-rounds', {
    generate: (random) => ({
      contribution: drawCount(random, 2 ** 31) - 1,
      confirm: drawCount(random, 2 ** 31) - 1,
      record: drawCount(random, 2 ** 31) - 1,
      lock: drawCount(random, 2 ** 31) - 1,
    }),
    decode(bytes) {
      let stored: unknown;
      try {
        stored = JSON.parse(textOf(bytes));
      } catch {
        return refused('not JSON');
      }
      return readSignedRounds(stored);
    },
    encode: (value) => utf8(canonicalJson(value)),
    notJson: ['not JSON'],
  }),
];
