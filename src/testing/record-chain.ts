import type { Digest } from '../base/ids.ts';
import { contextAfter, firstContext, type ChainContext } from '../swarm/chain-context.ts';
import { recordProblem, type Ancestry, type ChainRules } from '../swarm/ledger-rules.ts';
import { absencesAllowed, type Certificate, type ChainRecord } from '../swarm/membership.ts';
import { certificate, chainRecord, digest, genesisRecord, id, numberOf, run } from './round-driver.ts';

/** One chain of records without a network, each judged before it is appended. */
export class Chain {
  readonly records: ChainRecord[];
  readonly contexts: ChainContext[];
  readonly rules: ChainRules;

  constructor(count: number, change: Partial<ChainRules> = {}) {
    this.rules = { run, founder: id(0), open: true, epochAfter: 64, ...change };
    const first = genesisRecord(count);
    this.records = [first];
    this.contexts = [firstContext(first)];
  }

  get tip(): ChainContext {
    const tip = this.contexts.at(-1);
    if (tip === undefined) throw new Error('a chain begins with record 0');
    return tip;
  }

  at(round: number): ChainContext {
    const context = this.contexts[round];
    if (context === undefined) throw new Error(`round ${round} is not here`);
    return context;
  }

  readonly ancestry: Ancestry = {
    digestAt: (round) => this.contexts[round]?.record,
    contextAt: (round) => this.contexts[round],
  };

  /** The next record: by the first member, unless it is said who. */
  next(change: Partial<ChainRecord> = {}, name: Digest = digest(1_000 + this.tip.round)): ChainRecord {
    const { round, record, members } = this.tip;
    const leader = members[0] === undefined ? 0 : numberOf(members[0].id);
    return chainRecord(round + 1, record, name, leader, change);
  }

  problem(change: Partial<ChainRecord>): string | undefined {
    return recordProblem(this.rules, this.tip, this.ancestry, this.next(change));
  }

  add(change: Partial<ChainRecord> = {}): ChainContext {
    const record = this.next(change);
    const problem = this.problem(change);
    if (problem !== undefined) throw new Error(`the record is not valid: ${problem}`);
    const certified = record.certificate && this.contexts[record.certificate.round];
    this.records.push(record);
    this.contexts.push(contextAfter(this.tip, record, certified, this.rules.open));
    return this.tip;
  }

  /** Records that count every member but these, so that the next one may list them as absent. */
  without(...missing: readonly number[]): this {
    const authors = this.tip.members
      .map((member) => member.id)
      .filter((peer) => !missing.includes(numberOf(peer)));
    for (let n = 0; n < absencesAllowed; n++) this.add({ authors, bodies: digest(77) });
    return this;
  }

  /** Confirms of the record of `round` by these members. */
  votes(round: number, voters: readonly number[], clean?: (voter: number) => boolean): Certificate {
    return certificate(this.at(round), voters, clean);
  }
}
