import type { Leaderboard as Board } from '../../volunteer/contribution-leaderboard.ts';
import type { NameOf } from '../contribution-names.ts';
import { leaderLines, leaderScope, type LeaderLine } from '../contribution.ts';
import { formatCount, formatPercent, grouped } from '../format.ts';
import { text } from '../text.ts';
import { Who } from './ContributionWho.tsx';
import { Panel, Tag } from './Panel.tsx';

const words = text.contribution.leaders;

/** Who gave how much, by tokens that the ledger counts: as far as this tab has followed it. */
export function Leaderboard(props: {
  readonly board: Board | undefined;
  readonly self: string;
  readonly nameOf: NameOf;
}) {
  const { board, self, nameOf } = props;
  return (
    <Panel
      title={words.title}
      area="leaderboard"
      aside={board && words.together(formatCount(board.tokens), text.counts.volunteers(board.volunteers))}
    >
      {board === undefined ? (
        <p className="empty">{words.none}</p>
      ) : (
        <>
          <div className="scroll leaders-scroll" tabIndex={0} role="region" aria-label={words.tableName}>
            <table data-testid="leaderboard">
              <thead>
                <tr>
                  <th scope="col" className="number">
                    <span aria-hidden="true">#</span>
                    <span className="visually-hidden">{words.place}</span>
                  </th>
                  <th scope="col">{words.who}</th>
                  <th scope="col" className="number">
                    {words.tokens}
                  </th>
                  <th scope="col" className="number">
                    {words.share}
                  </th>
                  <th scope="col" className="number">
                    {words.rounds}
                  </th>
                </tr>
              </thead>
              <tbody>
                {leaderLines(board, self).map((line) => (
                  <Line key={line.id} line={line} name={nameOf(line.id)} />
                ))}
              </tbody>
            </table>
          </div>
          <p className="note leaders-note" data-testid="leader-scope">
            {leaderScope(board)} {words.honest}
          </p>
        </>
      )}
    </Panel>
  );
}

function Line({ line, name }: { readonly line: LeaderLine; readonly name: string }) {
  const { id, place, tokens, rounds, share, self, afterGap } = line;
  const classes = [self ? 'is-own' : '', afterGap ? 'is-after-gap' : ''].filter((one) => one !== '');
  return (
    <tr className={classes.join(' ')} aria-current={self ? 'true' : undefined} data-peer={id}>
      <td className="number">{grouped(place)}</td>
      <th scope="row">
        <Who id={id} name={name} /> {self && <Tag>{words.you}</Tag>}
        <span className="leader-bar" aria-hidden="true">
          <span style={{ width: `${100 * share}%` }} />
        </span>
      </th>
      <td className="number">{formatCount(tokens)}</td>
      <td className="number">{formatPercent(share)}</td>
      <td className="number">{grouped(rounds)}</td>
    </tr>
  );
}
