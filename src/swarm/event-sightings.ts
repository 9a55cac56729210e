import type { RoundEvent } from './round-state.ts';
import type { Seen } from './sightings.ts';

/** What an event of the round machine lets us see; undefined where it is nothing of a round's course. */
export function sightingOf(event: RoundEvent): Seen | undefined {
  if (event.kind === 'contribution')
    return { kind: 'contribution', round: event.round, peer: event.counted.author };
  if (event.kind === 'have') return { kind: 'have', round: event.round, peer: event.from };
  if (event.kind === 'confirm') return { kind: 'confirm', round: event.round, peer: event.peer };
  if (event.kind === 'applied') return { kind: 'applied', round: event.round };
  const last = event.kind === 'snapshot' ? event.contexts.at(-1) : undefined;
  return last && { kind: 'entered', round: last.round, members: last.members.map(({ id }) => id) };
}
