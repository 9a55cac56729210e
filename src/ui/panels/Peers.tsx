import { peerRows, type PeerRow } from '../derive.ts';
import { formatSpeed, shortId } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { IdDot, Panel, Tag } from './Panel.tsx';

/** Who takes part, on what, how fast, and whether their replica is this one. */
export function Peers({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const rows = peerRows(snapshot);
  const speeds = rows.flatMap((row) => (row.tokensPerSecond === undefined ? [] : [row.tokensPerSecond]));
  const together = speeds.length === 0 ? undefined : speeds.reduce((sum, speed) => sum + speed, 0);
  const alone = snapshot.volunteer?.state === 'training' && snapshot.volunteer.members <= 1;
  return (
    <Panel
      title="Volunteers"
      area="peers"
      aside={together === undefined ? undefined : `${formatSpeed(together)} together`}
    >
      {rows.length === 0 && <p className="empty">Nobody is here right now.</p>}
      <ul className="peers" data-testid="peers">
        {rows.map((row) => (
          <Peer key={row.id} row={row} />
        ))}
      </ul>
      {alone && (
        <p className="empty">
          You train alone. Open this address in another tab or on another machine to add a volunteer.
        </p>
      )}
    </Panel>
  );
}

const replicaMarks = { same: '✓ same replica', differs: '✕ differs', unknown: '' } as const;

function Peer({ row }: { readonly row: PeerRow }) {
  return (
    <li data-peer={row.id} data-member={row.member}>
      <IdDot id={row.id} />
      <span className="peer-name">
        <code>{shortId(row.id)}</code> {row.self && <Tag>you</Tag>}{' '}
        {row.leader && <Tag>leads this round</Tag>}{' '}
        {!row.member && <Tag>{row.doing === 'paused' ? 'paused' : 'not training'}</Tag>}{' '}
        {!row.connected && <Tag kind="warn">not connected</Tag>}
      </span>
      <span className="peer-adapter">
        {row.adapter ?? 'adapter not announced'} {row.software && <Tag kind="warn">software</Tag>}
      </span>
      <span className="peer-speed">{formatSpeed(row.tokensPerSecond)}</span>
      {row.self ? (
        <span className="peer-replica note">this replica</span>
      ) : (
        <span className={`peer-replica is-${row.replica}`}>{replicaMarks[row.replica]}</span>
      )}
    </li>
  );
}
