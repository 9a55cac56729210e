import { useState } from 'react';
import { namesOf, type NameOf } from '../contribution-names.ts';
import { peerRows, type PeerRow } from '../derive.ts';
import { formatBytes, formatSpeed } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { formatRtt } from '../swarm/swarm-graph.ts';
import { text } from '../text.ts';
import { Who } from './ContributionWho.tsx';
import { Panel, Tag } from './Panel.tsx';
import { SwarmGraph } from './SwarmGraph.tsx';

const words = text.swarm;
type View = 'picture' | 'table';

/** Who takes part, on what, how fast and how far away, and whether their replica is this one: as a picture and as a table. */
export function Peers({ snapshot }: { readonly snapshot: PageSnapshot }) {
  // Where there is room for one only. The other stays in the document: the table for those who do not see the picture.
  const [view, setView] = useState<View>('picture');
  const rows = peerRows(snapshot);
  const speeds = rows.flatMap((row) => (row.tokensPerSecond === undefined ? [] : [row.tokensPerSecond]));
  const together = speeds.length === 0 ? undefined : speeds.reduce((sum, speed) => sum + speed, 0);
  const alone = snapshot.volunteer?.state === 'training' && snapshot.volunteer.members <= 1;
  return (
    <Panel
      title={words.title}
      area="peers"
      aside={together === undefined ? undefined : words.together(formatSpeed(together))}
    >
      {rows.length === 0 ? (
        <p className="empty">{words.nobody}</p>
      ) : (
        <>
          <div className="segmented swarm-views" role="group" aria-label={words.views}>
            {(['picture', 'table'] as const).map((one) => (
              <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
                {words[one]}
              </button>
            ))}
          </div>
          <div className={`swarm-both shows-${view}`}>
            <SwarmGraph snapshot={snapshot} />
            <PeerTable rows={rows} nameOf={namesOf(snapshot)} />
          </div>
        </>
      )}
      {alone && <p className="empty">{words.alone}</p>}
    </Panel>
  );
}

function PeerTable({ rows, nameOf }: { readonly rows: readonly PeerRow[]; readonly nameOf: NameOf }) {
  const { columns } = words;
  const numbers = ['rtt', 'sent', 'received', 'speed'] as const;
  return (
    <div className="scroll swarm-table" tabIndex={0} role="region" aria-label={words.tableName}>
      <table data-testid="peers">
        <thead>
          <tr>
            <th scope="col">{columns.who}</th>
            {numbers.map((name) => (
              <th key={name} scope="col" className="number">
                {columns[name]}
              </th>
            ))}
            <th scope="col">{columns.replica}</th>
            <th scope="col">{columns.gpu}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Peer key={row.id} row={row} name={nameOf(row.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const replicaMarks = { same: words.sameReplica, differs: words.differs, unknown: '–' } as const;

function Peer({ row, name }: { readonly row: PeerRow; readonly name: string }) {
  const { link } = row;
  return (
    <tr data-peer={row.id} data-member={row.member}>
      <th scope="row">
        <Who id={row.id} name={name} /> {row.self && <Tag>{words.you}</Tag>}{' '}
        {row.leader && <Tag>{words.leads}</Tag>}{' '}
        {!row.member && <Tag>{row.doing === 'paused' ? words.paused : words.watching}</Tag>}{' '}
        {!row.connected && <Tag kind="warn">{words.notConnected}</Tag>}
      </th>
      <td className="number">{link === undefined ? '–' : formatRtt(link.rttMs)}</td>
      <td className="number">{formatBytes(link?.bytesUp)}</td>
      <td className="number">{formatBytes(link?.bytesDown)}</td>
      <td className="number">{formatSpeed(row.tokensPerSecond)}</td>
      <td className={`peer-replica is-${row.self ? 'own' : row.replica}`}>
        {row.self ? words.thisReplica : replicaMarks[row.replica]}
      </td>
      <td>
        {row.adapter ?? words.noAdapter} {row.software && <Tag kind="warn">{words.software}</Tag>}
      </td>
    </tr>
  );
}
