import { toHex } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { manifestDigest, parseManifest } from '../data/manifest.ts';
import type { PresetName } from '../model/config.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import type { RunStart } from '../volunteer/start-weights.ts';
import { fetchCorpusFrom } from './fetch-corpus.ts';
import type { PageOptions } from './page-options.ts';
import { freshSeed } from './training-worker.ts';

/** What a new run is made of. */
export interface NewRun {
  readonly options: PageOptions;
  readonly preset: PresetName;
  readonly founder: PeerId;
  readonly corpusUrl: string;
  /** Only who has the room's invitation may join. */
  readonly byInvitation: boolean;
  /** Digest of the manifest of the starter's own text; undefined: the server's text. */
  readonly corpus?: Digest | undefined;
  readonly start?: RunStart | undefined;
}

/** The config of a run as the address, or whoever starts it, asks for it. Rejects with a StarlingError. */
export async function newRun(of: NewRun): Promise<RunConfig> {
  const { options, preset, founder, corpusUrl, byInvitation, corpus, start } = of;
  return planRun({
    preset,
    seed: options.seed ?? freshSeed(),
    volunteers: options.volunteers,
    rounds: options.rounds,
    fixedWork: options.seed !== undefined,
    founder,
    nonce: toHex(crypto.getRandomValues(new Uint8Array(16))),
    corpus: corpus ?? (await serverCorpus(corpusUrl)),
    k: options.k,
    ratePercent: options.ratePercent,
    open: !byInvitation,
    start,
  });
}

async function serverCorpus(corpusUrl: string): Promise<Digest> {
  const manifest = parseManifest(await fetchCorpusFrom(corpusUrl)('manifest.json'));
  if (!manifest.ok) {
    throw new StarlingError(
      'corpus-manifest',
      `The text manifest is unusable: ${manifest.reason}.`,
      'Whoever runs the server should run `npm start` again, which builds the text.',
    );
  }
  return manifestDigest(manifest.value);
}
