import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { NodeHost } from './node-host.ts';

/** What a tool may tell a volunteer, one word a line. */
export interface Controlled {
  readonly host: Pick<NodeHost, 'status'>;
  readonly join: () => void;
  readonly leave: () => void;
}

/**
 * Takes `join`, `status` and `leave`, a line each. Every `status` is answered by one line of JSON: the VolunteerStatus, or
 * null before there is one. A word it does not know is answered by `{"unknown": word}`. The end of input is a `leave`: a tool
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
    if (word === 'join') join();
    else if (word === 'status') output.write(`${JSON.stringify(host.status ?? null)}\n`);
    else if (word === 'leave') leaveOnce();
    else output.write(`${JSON.stringify({ unknown: word.slice(0, 40) })}\n`);
  });
  lines.on('close', leaveOnce);
}
