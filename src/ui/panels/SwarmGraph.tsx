import { graphSummary, selfTrains, swarmGraph } from '../swarm/swarm-graph.ts';
import type { PageSnapshot } from '../host.ts';
import { text } from '../text.ts';
import { Later, Loaded } from './LoadGuard.tsx';

/** Loaded when it is first shown: a viewer's first look needs the table only. */
const canvas = new Later(async () => (await import('../swarm/SwarmCanvas.tsx')).default);

const { legend } = text.swarm;

/** Who is here and how far away, as a picture. */
export function SwarmGraph({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const graph = swarmGraph(snapshot);
  return (
    <figure className="swarm-figure">
      <div className="swarm-place">
        <Loaded later={canvas} message={text.page.noSwarm} fallback={null}>
          {(SwarmCanvas) => <SwarmCanvas graph={graph} label={graphSummary(graph, selfTrains(snapshot))} />}
        </Loaded>
      </div>
      <figcaption className="note">
        <ul className="swarm-legend">
          <li>
            <span className="swarm-mark is-member" aria-hidden="true" /> {legend.member}
          </li>
          <li>
            <span className="swarm-mark is-watching" aria-hidden="true" /> {legend.watching}
          </li>
          <li>
            <span className="swarm-star" aria-hidden="true">
              ★
            </span>{' '}
            {legend.leader}
          </li>
        </ul>
        {graph.self === undefined ? legend.noLinks : legend.near}
      </figcaption>
    </figure>
  );
}
