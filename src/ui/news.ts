import type { PageSnapshot } from './host.ts';
import type { PageState } from './store.ts';

/**
 * Whether what is new is what someone waits to see: an answer to a button, a step on the way into the run, a pause. Numbers that
 * grow all the time are not. A part of the state that did not change is the same object as before.
 */
export function isUrgent(before: PageState, after: PageState): boolean {
  const [was, is] = [before.snapshot, after.snapshot];
  if (was === undefined || is === undefined) return was !== is || isOwnNews(before, after);
  const [a, b] = [momentsOf(was), momentsOf(is)];
  return isOwnNews(before, after) || a.some((moment, index) => moment !== b[index]);
}

/** What comes of the page's own buttons. */
const isOwnNews = (before: PageState, after: PageState): boolean =>
  (Object.keys(after) as (keyof PageState)[]).some(
    (name) => name !== 'snapshot' && name !== 'samples' && before[name] !== after[name],
  );

function momentsOf({
  volunteer,
  view,
  joining,
  comfort,
  contribution,
  environment,
}: PageSnapshot): unknown[] {
  return [
    ...[joining, environment, contribution?.name],
    ...[view.run === undefined, view.connected, view.signaling, view.presences.length],
    ...[comfort?.settings, comfort?.pausedBy, comfort?.isClearing, comfort?.awake],
    ...[volunteer?.state, volunteer?.reason, volunteer?.fix, volunteer?.self, volunteer?.adapter],
    ...[volunteer?.setUp, volunteer?.fetching, volunteer?.catchUp, volunteer?.roundsTrained === 0],
    ...[volunteer?.pausedByPerson, volunteer?.heldBy, volunteer?.gpuShare, volunteer?.members],
    ...[volunteer?.replicasAgree, volunteer?.gpuLosses],
  ];
}
