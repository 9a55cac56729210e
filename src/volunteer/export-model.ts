import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { modelFolder, type ExportType } from '../export/model-folder.ts';
import type { ModelOrigin } from '../export/model-card.ts';
import { tarParts } from '../export/tar.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Replica } from '../model/replica.ts';
import type { Stand } from './checkpoints.ts';

export type { ExportType } from '../export/model-folder.ts';

/** A model to be kept: the files of its folder, and all of them in one archive. */
export interface TakenHome {
  readonly round: number;
  readonly files: readonly { readonly name: string; readonly blob: Blob }[];
  readonly archive: { readonly name: string; readonly blob: Blob };
}

const mostTries = 40;
const tryAgainMs = 150;

/**
 * The parameters as the whole swarm has them after a round, and that round. What is read while a round is being applied is of no
 * round: it is read again until `roundOf` knows its digest, which it may a moment later, when the round is booked. Throws
 * StarlingError `no-model` or `model-moving`, or what the GPU says.
 */
export async function parametersOfRound(
  replica: () => Pick<Replica, 'snapshot' | 'digest'> | undefined,
  roundOf: (state: string) => number | undefined,
  clock: Clock,
): Promise<{ readonly at: Stand; readonly parameters: Bytes }> {
  for (let tries = 0; tries < mostTries; tries++) {
    const here = replica();
    if (here === undefined)
      throw new StarlingError('no-model', 'The model is not here.', 'Wait until this tab is in the run.');
    // Both are begun before anything else can be submitted, so they are of the same words.
    const [parameters, state] = await Promise.all([here.snapshot(), here.digest()]);
    let round = roundOf(state);
    if (round === undefined) {
      await new Promise<void>((resolve) => {
        clock.after(tryAgainMs, resolve);
      });
      round = roundOf(state);
    }
    if (round !== undefined) return { at: { round, state }, parameters };
  }
  throw new StarlingError(
    'model-moving',
    'The model changed faster than it could be read.',
    'Pause, then take it home.',
  );
}

/** The folder and archive of a model. `seconds` since 1970 is when its files say they were made. */
export function takenHome(
  config: ModelConfig,
  parameters: Bytes,
  dtype: ExportType,
  origin: ModelOrigin,
  seconds: number,
): TakenHome {
  const folder = modelFolder(config, parameters, dtype, origin);
  const name = `starling-${origin.run.slice(0, 8)}-round-${origin.round}${dtype === 'F32' ? '' : '-bf16'}`;
  const inFolder = folder.map((file) => ({ ...file, name: `${name}/${file.name}` }));
  return {
    round: origin.round,
    files: folder.map((file) => ({ name: file.name, blob: new Blob([...file.parts]) })),
    archive: {
      name: `${name}.tar`,
      blob: new Blob([...tarParts(inFolder, seconds)], { type: 'application/x-tar' }),
    },
  };
}
