import type { VolunteerStatus } from '../../src/volunteer/status.ts';

const barWidth = 24;

const bytes = (count: number): string =>
  count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(2)} MB`;

/** One line a volunteer: a bar of rounds, loss, bytes; or, of one that is gone, how far it came. */
export function progressLine(
  { name, status, ended }: { name: string; status: VolunteerStatus | undefined; ended?: string | undefined },
  rounds: number,
): string {
  if (ended !== undefined && ended !== 'reloaded')
    return `${name} ${ended} after round ${status?.round ?? 0}`;
  if (status === undefined) return `${name} joining`;
  const done = Math.min(barWidth, Math.round((barWidth * status.round) / rounds));
  const bar = '█'.repeat(done) + '░'.repeat(barWidth - done);
  const loss = status.trainLoss === undefined ? '-' : status.trainLoss.toFixed(3);
  const validation = status.validationLoss === undefined ? '-' : status.validationLoss.toFixed(3);
  const traffic = `up ${bytes(status.bytesUp)} down ${bytes(status.bytesDown)}`;
  const round = `${status.round}/${rounds}`.padStart(9);
  return `${name} ${bar} ${round}  loss ${loss}  validation ${validation}  ${traffic}  ${status.state}`;
}

/** Redraws in place on a terminal; elsewhere prints a block each tenth of the way. */
export class ProgressPrinter {
  readonly #out: NodeJS.WriteStream;
  #drawn = 0;
  #lastTenth = -1;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** A line that stays, above the bars. */
  say(line: string): void {
    this.#out.write(`${line}\n`);
    this.#drawn = 0;
  }

  draw(lines: readonly string[], fraction: number): void {
    const tenth = Math.floor(10 * fraction);
    if (!this.#out.isTTY) {
      if (tenth === this.#lastTenth) return;
      this.#lastTenth = tenth;
      this.#out.write(`${lines.join('\n')}\n`);
      return;
    }
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A`);
    // Some terminals do not tell their width and report 0 columns.
    const width = this.#out.columns > 0 ? this.#out.columns : 200;
    this.#out.write(lines.map((line) => `\u001b[2K${line.slice(0, width)}\n`).join(''));
    this.#drawn = lines.length;
  }
}
