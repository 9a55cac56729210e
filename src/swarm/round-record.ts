import type { Body } from './exchange.ts';
import { leavesOf, type ChainRecord } from './membership.ts';
import type { RoundRecord } from './swarm-api.ts';

/** A record as volunteers see it: what its contributions say of themselves comes from their bodies. */
export function roundRecord(record: ChainRecord, bodies: readonly Body[]): RoundRecord {
  const { round, parent, digest, leader, parentState, joins, certificate } = record;
  return {
    ...{ round, parent, digest, leader, parentState, joins },
    leaves: leavesOf(record),
    contributions: bodies.map(({ contribution }) => {
      const { author, weight, digest: of, tokens, loss, validationLoss } = contribution;
      return { author, weight, digest: of, tokens, loss, validationLoss };
    }),
    certificate: certificate && {
      ...{ round: certificate.round, state: certificate.state, of: certificate.of },
      voters: certificate.votes.map(({ peer }) => peer),
    },
  };
}
