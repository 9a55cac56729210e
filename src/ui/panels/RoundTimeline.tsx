import { useState } from 'react';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { RoundBars } from '../charts/RoundBars.tsx';
import type { NameOf } from '../contribution-names.ts';
import { formatDuration, grouped } from '../format.ts';
import {
  phaseLengths,
  roundPhases,
  roundSpans,
  rowIds,
  rowsWithRoom,
  type PhaseRow,
  type RoundSpan,
} from '../swarm/round-phases.ts';
import { newestWait } from '../swarm/waiting-text.ts';
import { text } from '../text.ts';
import { Who } from './ContributionWho.tsx';
import { Panel } from './Panel.tsx';

const words = text.rounds;
const choices = [8, 3, 1] as const;
/** Rows of the picture; a larger swarm is in the table. */
const mostRows = 12;

/** The newest rounds as a timeline of phases a volunteer: who waits for whom. */
export function RoundTimeline(props: { readonly volunteer: VolunteerStatus; readonly nameOf: NameOf }) {
  const { volunteer, nameOf } = props;
  const [shown, setShown] = useState<number>(choices[0]);
  const spans = roundSpans(volunteer.timeline, volunteer.self, shown);
  const wait = newestWait(roundSpans(volunteer.timeline, volunteer.self, choices[0]), nameOf);
  const ids = rowIds(spans);
  return (
    <Panel title={words.title} area="rounds">
      {spans.length === 0 ? (
        <p className="empty">{words.none}</p>
      ) : (
        <>
          <div className="rounds-head">
            <p className="rounds-wait" data-testid="round-wait">
              {wait ?? words.none}
            </p>
            <Choice shown={shown} choose={setShown} />
          </div>
          <RoundBars
            spans={spans}
            ids={rowsWithRoom(spans, mostRows)}
            self={volunteer.self}
            nameOf={nameOf}
            label={words.summary(text.counts.rounds(spans.length), text.counts.volunteers(ids.length))}
          />
          {ids.length > mostRows && <p className="note">{words.more(grouped(ids.length - mostRows))}</p>}
          <Legend late={spans.some(({ rows }) => rows.some(({ fate }) => fate === 'late'))} />
          <Table spans={spans} nameOf={nameOf} />
        </>
      )}
    </Panel>
  );
}

function Choice({ shown, choose }: { readonly shown: number; readonly choose: (count: number) => void }) {
  return (
    <div className="segmented" role="group" aria-label={words.shown}>
      {choices.map((count) => (
        <button key={count} type="button" aria-pressed={shown === count} onClick={() => choose(count)}>
          {words.last(count)}
        </button>
      ))}
    </div>
  );
}

function Legend({ late }: { readonly late: boolean }) {
  return (
    <>
      <ul className="rounds-legend">
        {roundPhases.map((phase) => (
          <li key={phase}>
            <span className={`round-swatch is-${phase}`} aria-hidden="true" />
            {words.phases[phase]} <span className="note">{words.meanings[phase]}</span>
          </li>
        ))}
        {late && (
          <li>
            <span className="round-swatch is-late" aria-hidden="true" />
            {words.phases.compute} <span className="note">{words.lateMeaning}</span>
          </li>
        )}
      </ul>
      <p className="note">{words.honest}</p>
    </>
  );
}

/** Everything the picture says, newest round first. Made when it is opened: it is long. */
function Table({ spans, nameOf }: { readonly spans: readonly RoundSpan[]; readonly nameOf: NameOf }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="rounds-table"
      data-testid="round-table"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{words.inTable}</summary>
      {open && (
        <div className="scroll" tabIndex={0} role="region" aria-label={words.tableName}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.round}</th>
                <th scope="col">{words.who}</th>
                {roundPhases.map((phase) => (
                  <th key={phase} scope="col" className="number">
                    {words.phases[phase]}
                  </th>
                ))}
                <th scope="col" className="number">
                  {words.length}
                </th>
              </tr>
            </thead>
            <tbody>
              {spans
                .toReversed()
                .flatMap((span) =>
                  span.rows.map((row) => (
                    <Row key={`${span.round} ${row.id}`} span={span} row={row} name={nameOf(row.id)} />
                  )),
                )}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function Row(props: { readonly span: RoundSpan; readonly row: PhaseRow; readonly name: string }) {
  const { span, row, name } = props;
  const { round, open, leader, fromMs, toMs } = span;
  const lengths = phaseLengths(row);
  const fates = {
    open: '',
    counted: '',
    late: words.late,
    missing: words.missing,
    uncounted: words.notCounted,
  };
  const notes = [leader === row.id ? words.leads : '', fates[row.fate]].filter((note) => note !== '');
  return (
    <tr data-round={round} data-peer={row.id}>
      <th scope="row">{open ? words.inProgress(grouped(round)) : grouped(round)}</th>
      <td>
        <Who id={row.id} name={name} />
        {row.self && ` (${words.you})`}
        {notes.length > 0 && <span className="note"> {notes.join(', ')}</span>}
      </td>
      {roundPhases.map((phase) => (
        <td key={phase} className="number">
          {lengths[phase] === undefined ? words.notSeen : formatDuration(lengths[phase])}
        </td>
      ))}
      <td className="number">{open ? words.notSeen : formatDuration(toMs - fromMs)}</td>
    </tr>
  );
}
