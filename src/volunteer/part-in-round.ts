import type { SigningLog } from '../swarm/signing-log.ts';
import type { Swarm } from '../swarm/swarm-api.ts';
import type { CatchingUp } from './catching-up.ts';
import type { Part } from './train-round.ts';

/** What the part depends on besides the swarm. */
export interface PartFacts {
  readonly catchingUp: CatchingUp;
  /** What this volunteer's key has signed in this run. */
  readonly signingLog: SigningLog;
  readonly wantsToTrain: () => boolean;
}

/** Finds what this volunteer is to do in a round, which may change while nothing is to be done. */
export class PartInRound {
  readonly #swarm: Swarm;
  readonly #facts: PartFacts;
  #wake: () => void = () => undefined;
  #heldBack: number | undefined;

  constructor(swarm: Swarm, facts: PartFacts) {
    this.#swarm = swarm;
    this.#facts = facts;
  }

  /** Something that the part depends on has changed. */
  look(): void {
    this.#wake();
  }

  /** Others may close `round` without this volunteer, which has failed at it. */
  holdBack(round: number): void {
    this.#heldBack = round;
  }

  /** Waits until there is something to do in `round` for this volunteer, or the others have closed it. */
  async of(round: number): Promise<Part> {
    let closed = false;
    const record = this.#swarm.agree(round).then(() => {
      closed = true;
    });
    record.catch(() => undefined); // trainRound asks again, and is told
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const part = this.#now(round);
      if (closed || part.kind !== 'follow') return part;
      await Promise.race([changed, record]);
    }
  }

  #now(round: number): Part {
    const swarm = this.#swarm;
    const { catchingUp, signingLog, wantsToTrain } = this.#facts;
    if (!wantsToTrain()) return { kind: 'follow' };
    const members = swarm.membersOf(round);
    if (swarm.isMember(round)) {
      // Alone, nobody else would close it.
      const othersTrain = swarm.view().active.some((id) => id !== swarm.self);
      if (round === this.#heldBack && othersTrain) return { kind: 'follow' };
      const kind = round <= signingLog.highest('contribution') ? 'silent' : 'contribute';
      return { kind, member: members.indexOf(swarm.self) };
    }
    if (!catchingUp.isWarmingUp) return { kind: 'follow' };
    const { round: newest, active } = swarm.view();
    if (active.length === 0) {
      // Nobody is left to train with: whoever is here takes over.
      catchingUp.endWarmUp();
      swarm.setMembership(true);
      return { kind: 'follow' };
    }
    return round > newest ? { kind: 'silent', member: members.length } : { kind: 'follow' };
  }
}
