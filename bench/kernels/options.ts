import { parseArgs } from 'node:util';
import {
  deviceNames,
  peerNames,
  sectionNames,
  type DeviceName,
  type PeerName,
  type SectionName,
} from './types.ts';

export interface BenchOptions {
  readonly device: DeviceName;
  readonly peers: readonly PeerName[];
  readonly sections: readonly SectionName[];
  readonly runs: number;
  readonly json: string | undefined;
  readonly check: boolean;
}

/** The words of a comma-separated list, each one of `known`. Throws RangeError for any other. */
function listOf<T extends string>(what: string, list: string, known: readonly T[]): T[] {
  return list
    .split(',')
    .filter((word) => word !== '')
    .map((word) => {
      const found = known.find((name) => name === word);
      if (found === undefined) throw new RangeError(`--${what} ${word}: it is one of ${known.join(', ')}`);
      return found;
    });
}

/** Throws RangeError or TypeError for what the command does not know. */
export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      device: { type: 'string', default: 'chromium' },
      peers: { type: 'string' },
      sections: { type: 'string', default: sectionNames.join() },
      runs: { type: 'string', default: '11' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const [device] = listOf('device', values.device, deviceNames);
  if (device === undefined) throw new RangeError('--device names no device');
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 3) throw new RangeError('--runs is a whole number of 3 or more');
  return {
    device,
    peers: device === 'node' ? [] : listOf('peers', values.peers ?? peerNames.join(), peerNames),
    sections: listOf('sections', values.sections, sectionNames),
    runs,
    json: values.json,
    check: values.check,
  };
}
