import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { isShare } from '../volunteer/duty-cycle.ts';
import type { NodeHost } from './node-host.ts';

/** What a tool may tell a volunteer, a line each. */
export interface Controlled {
  readonly host: Pick<NodeHost, 'status' | 'setGpuShare'>;
  readonly join: () => void;
  readonly leave: () => void;
}

/**
 * Takes `join`, `status`, `leave` and `gpu-share 0.5`, a line each. Every `status` is answered by one line of JSON: the
 * VolunteerStatus, or null before there is one. A line it does not know is answered by `{"unknown": line}`. The end of input is a `leave`: a tool
 * that dies leaves no volunteer behind.
 */
export function serveControl(input: Readable, output: Writable, { host, join, leave }: Controlled): void {
  let leaving = false;
  const leaveOnce = (): void => {
    if (!leaving) leave();
    leaving = true;
  };
  const lines = createInterface({ input });
  lines.on('line', (line) => {
    const word = line.trim();
    const share = /^gpu-share (\S+)$/.exec(word)?.[1];
    if (word === 'join') join();
    else if (word === 'status') output.write(`${JSON.stringify(host.status ?? null)}\n`);
    else if (word === 'leave') leaveOnce();
    else if (isShare(Number(share))) host.setGpuShare(Number(share));
    else output.write(`${JSON.stringify({ unknown: word.slice(0, 40) })}\n`);
  });
  lines.on('close', leaveOnce);
}
