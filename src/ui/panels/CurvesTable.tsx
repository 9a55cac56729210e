import { useState } from 'react';
import { formatRound, type CurveChart, type RunFacts } from '../curves/catalogue.ts';
import { rowsOf } from '../curves/readout.ts';
import type { CurveTable } from '../curves/table.ts';
import type { Span } from '../curves/zoom.ts';
import { text } from '../text.ts';

const words = text.curves;

/** What the chart shows, in at most 20 rows; worked out only while it is open. */
export function CurvesTable(props: {
  readonly chart: CurveChart;
  readonly table: CurveTable;
  readonly facts: RunFacts;
  readonly span: Span;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="curve-table"
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{words.table}</summary>
      {isOpen && <Rows {...props} />}
    </details>
  );
}

function Rows({ chart, table, facts, span }: Parameters<typeof CurvesTable>[0]) {
  const rows = rowsOf(chart, table, facts, span);
  const [first, last] = [rows[0], rows.at(-1)];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`${chart.name}: ${words.table}`}>
      <table>
        <caption className="note">
          {first !== undefined &&
            last !== undefined &&
            words.tableCaption(rows.length, formatRound(first.round), formatRound(last.round))}
        </caption>
        <thead>
          <tr>
            <th scope="col">{words.tableRound}</th>
            {chart.series.map(({ key, label }) => (
              <th key={key} scope="col" className="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ round, values }) => (
            <tr key={round}>
              <th scope="row">{formatRound(round)}</th>
              {chart.series.map(({ key }, index) => (
                <td key={key} className="number">
                  {chart.format(values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
