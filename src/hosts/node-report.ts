import type { VolunteerStatus } from '../volunteer/status.ts';

const loss = (nats: number | undefined): string => (nats === undefined ? '' : nats.toFixed(3));

/** One line a round and one a change of state, for a terminal: each thing is said once. */
export class NodeReport {
  #round = 0;
  #said = '';

  /** The lines that are new in `status`, without line ends. */
  lines(status: VolunteerStatus): readonly string[] {
    const lines: string[] = [];
    const said = `${status.state}: ${status.reason}${status.fix === undefined ? '' : ` ${status.fix}`}`;
    if (said !== this.#said) lines.push(status.state === 'failed' ? `error: ${said.slice(8)}` : said);
    this.#said = said;
    for (const record of status.records) {
      if (record.round <= this.#round) continue;
      this.#round = record.round;
      const receipt = status.receipts.find(({ round }) => round === record.round);
      const mine =
        receipt === undefined
          ? 'followed'
          : receipt.counted
            ? `counted ${receipt.tokens} tokens`
            : 'not counted';
      const parts = [
        `round ${record.round}`,
        record.train === undefined ? 'no contribution' : `loss ${loss(record.train)}`,
        ...(record.validation === undefined ? [] : [`validation ${loss(record.validation)}`]),
        `${record.contributions} of ${status.members} contributed`,
        `mine: ${mine}`,
        `state ${record.state.slice(0, 8)}`,
        ...(status.replicasAgree === false && record === status.records.at(-1) ? ['REPLICAS DIFFER'] : []),
      ];
      lines.push(parts.join(', '));
    }
    return lines;
  }
}
