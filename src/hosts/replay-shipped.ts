import { StarlingError } from '../base/errors.ts';
import { readRecording } from '../replay/recording-file.ts';
import type { Recording } from '../replay/recording.ts';

/**
 * The recording that comes with the page, public/recordings/nano.json: a real run, made by
 * `node scripts/run.mjs scripts/record-run.ts --out public/recordings/nano.json`.
 */
const file = '/recordings/nano.json';

/** Loads it. `base` is the page's address. Rejects with a StarlingError. */
export async function shippedRecording(base: URL): Promise<Recording> {
  const answer = await fetch(new URL(file, base)).catch(() => undefined);
  const read = answer?.ok === true ? readRecording(await answer.text()) : undefined;
  if (read?.ok === true) return read.value;
  const why = read === undefined ? 'it did not load' : read.reason;
  throw new StarlingError('no-recording', `The recording cannot be shown: ${why}.`, 'Reload the page.');
}
