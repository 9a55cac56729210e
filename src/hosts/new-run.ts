import { toHex } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { PeerId } from '../base/ids.ts';
import { manifestDigest, parseManifest } from '../data/manifest.ts';
import type { PresetName } from '../model/config.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import { fetchCorpusFrom } from './fetch-corpus.ts';
import type { PageOptions } from './page-options.ts';
import { freshSeed } from './training-worker.ts';

/** The config of a run on this server's text, as the address asks for it. Rejects with a StarlingError. */
export async function newRun(of: {
  readonly options: PageOptions;
  readonly preset: PresetName;
  readonly founder: PeerId;
  readonly corpusUrl: string;
}): Promise<RunConfig> {
  const { options, preset, founder, corpusUrl } = of;
  const manifest = parseManifest(await fetchCorpusFrom(corpusUrl)('manifest.json'));
  if (!manifest.ok) {
    throw new StarlingError(
      'corpus-manifest',
      `The text manifest is unusable: ${manifest.reason}.`,
      'Run `npm start` again.',
    );
  }
  return planRun({
    preset,
    seed: options.seed ?? freshSeed(),
    volunteers: options.volunteers,
    rounds: options.rounds,
    fixedWork: options.seed !== undefined,
    founder,
    nonce: toHex(crypto.getRandomValues(new Uint8Array(16))),
    corpus: await manifestDigest(manifest.value),
  });
}
