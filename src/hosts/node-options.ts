import { parseArgs } from 'node:util';
import { StarlingError } from '../base/errors.ts';
import { isShare } from '../volunteer/duty-cycle.ts';
import { readPageOptions, type PageOptions } from './page-options.ts';

export const headlessUsage =
  'node scripts/run.mjs src/headless.ts --url "http://localhost:8080/?run=room" [--key file] [--gpu-share 0.5] [--control]';

/** What a volunteer without a page is asked to do. */
export interface NodeOptions {
  /** The server's address: where signaling and the training text are. */
  readonly base: URL;
  /** What the same address asks of a page. */
  readonly page: PageOptions;
  /** Keeps this volunteer's key from one start to the next; undefined: a new key each time, in memory only. */
  readonly keyFile: string | undefined;
  /** The most of its time that the GPU may be busy, in [0.01, 1]. */
  readonly gpuShare: number;
  /** A tool drives it: commands on stdin, answers on stdout; it waits for `join`. */
  readonly control: boolean;
}

/** Reads the command line. Throws StarlingError `usage`. */
export function readNodeOptions(args: readonly string[]): NodeOptions {
  const wrong = (message: string): StarlingError =>
    new StarlingError('usage', message, `Usage: ${headlessUsage}`);
  let values: { url?: string; key?: string; control?: boolean; 'gpu-share'?: string };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...{ url: { type: 'string' }, key: { type: 'string' }, control: { type: 'boolean' } },
        'gpu-share': { type: 'string' },
      },
    }));
  } catch (thrown) {
    throw wrong(thrown instanceof Error ? thrown.message : 'The arguments make no sense.');
  }
  if (values.url === undefined) throw wrong('--url is missing: the address that volunteers open.');
  const base = URL.canParse(values.url) ? new URL(values.url) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol))
    throw wrong(`--url must be an http: or https: address, not "${values.url}".`);
  const gpuShare = Number(values['gpu-share'] ?? 1);
  if (!isShare(gpuShare))
    throw wrong(`--gpu-share must be from 0.01 to 1, not "${values['gpu-share'] ?? ''}".`);
  return {
    base,
    page: readPageOptions(base.search),
    keyFile: values.key,
    gpuShare,
    control: values.control ?? false,
  };
}
