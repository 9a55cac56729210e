import { useEffect, useMemo, useRef, useState } from 'react';
import type { PlotHandle } from '../charts/CurvePlot.tsx';
import { chartOf, hasAny, type CurveChart, type RunFacts } from '../curves/catalogue.ts';
import { csvOf } from '../curves/csv.ts';
import { fullSpan, linesOf, nearestIndex, type Look } from '../curves/drawing.ts';
import { readingsAt } from '../curves/readout.ts';
import { usualWindow } from '../curves/smooth.ts';
import { chartSummary } from '../curves/summary.ts';
import { tableMaker } from '../curves/table.ts';
import { moved, within, zoomed, type Span } from '../curves/zoom.ts';
import { curveOf } from '../derive.ts';
import type { PageSnapshot } from '../host.ts';
import { text } from '../text.ts';
import { CurvesControls, CurvesPicker } from './CurvesControls.tsx';
import { CurvesReadout, CurvesScrubber } from './CurvesReadout.tsx';
import { CurvesTable } from './CurvesTable.tsx';
import { Later, Loaded } from './LoadGuard.tsx';
import { Panel } from './Panel.tsx';
import { saveFile, saveInPieces } from '../charts/save-file.ts';
import { useFullScreen } from '../charts/use-full-screen.ts';

const loadPlot = () => import('../charts/CurvePlot.tsx');
const plotPart = new Later(async () => (await loadPlot()).default);
/** After what is seen first is there, and before there are points: not in the middle of a training. */
const loadAfterMs = 500;
const words = text.curves;

/** Everything that is measured round by round, one chart at a time: the same as a picture, in words and as a table. */
export function CurvesPanel({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const [tableOf] = useState(tableMaker);
  const own = snapshot.metrics;
  const hasOwn = own !== undefined && own.length > 0;
  const table = tableOf(hasOwn ? snapshot.view.curve : curveOf(snapshot), own);
  const parameters = snapshot.volunteer?.parameters ?? snapshot.view.run?.parameters;
  const facts = useMemo<RunFacts>(() => ({ parameters }), [parameters]);

  const [id, choose] = useState<CurveChart['id']>('loss');
  const [wished, setWindow] = useState<number>();
  const [logX, setLogX] = useState(false);
  const [logY, setLogY] = useState(false);
  const [span, setSpan] = useState<Span>();
  const [at, setAt] = useState<number>();
  const [problem, setProblem] = useState('');
  const plot = useRef<PlotHandle>(null);
  const figure = useRef<HTMLElement>(null);
  const fullScreen = useFullScreen(figure);

  useEffect(() => {
    // What fails here is said where the plot is to be.
    const loading = setTimeout(() => void loadPlot().catch(() => undefined), loadAfterMs);
    return () => {
      clearTimeout(loading);
    };
  }, []);

  const chart = chartOf(id);
  const full = fullSpan(table);
  // What was zoomed into may be gone: rounds are taken back, and another run begins at its first.
  const shown = useMemo(() => span && full && within(span, full), [span, full]);
  const seen = shown ?? full;
  const window = wished ?? usualWindow(seen === undefined ? 0 : seen.max - seen.min);
  const look = useMemo<Look>(() => ({ window, logX, logY, span: shown }), [window, logX, logY, shown]);
  const lines = useMemo(() => linesOf(chart, table, facts, window), [chart, table, facts, window]);
  const index = nearestIndex(table, at ?? shown?.max ?? Infinity);
  const round = table.rounds[index];
  const summary = useMemo(() => chartSummary(chart, table, facts, shown), [chart, table, facts, shown]);
  const drawable = full !== undefined && hasAny(chart, table, facts);

  const handlers = useMemo(() => ({ span: setSpan, point: setAt }), [setSpan, setAt]);
  const change = (to: (full: Span) => Span | undefined): void => {
    if (full !== undefined) setSpan(to(full));
  };
  const save = (saving: Promise<void> | undefined): void => {
    setProblem('');
    saving?.catch(() => setProblem(words.notSaved));
  };

  return (
    <Panel title={words.title} area="curves" aside={chart.unit}>
      <figure className="curves" ref={figure} data-full={fullScreen.isOn}>
        <CurvesPicker chosen={id} choose={choose} />
        <CurvesReadout chart={chart} round={round} readings={readingsAt(lines, table, index)} />
        <div className="curve-place">
          {drawable ? (
            <Loaded
              later={plotPart}
              message={words.broken}
              fallback={<p className="empty">{words.loading}</p>}
            >
              {(CurvePlot) => (
                <CurvePlot
                  ref={plot}
                  {...{ chart, table, lines, look, handlers }}
                  at={at === undefined ? undefined : round}
                  label={words.chartLabel(chart.name, summary)}
                />
              )}
            </Loaded>
          ) : (
            <p className="empty">{hasAny(chart, table, facts) ? words.tooFew : words.nothing(id)}</p>
          )}
        </div>
        {drawable && (
          <>
            <CurvesScrubber {...{ chart, table, lines, index }} span={shown ?? full} point={setAt} />
            <CurvesControls
              zoom={(factor) => {
                change((all) => zoomed(shown, all, { factor, log: logX, centre: at }));
              }}
              move={(share) => {
                change((all) => moved(shown, all, { share, log: logX }));
              }}
              reset={() => {
                setSpan(undefined);
              }}
              isZoomed={shown !== undefined}
              {...{ window, setWindow, logX, setLogX, logY, setLogY, fullScreen }}
              saveCsv={() => {
                save(saveInPieces('starling-curves.csv', csvOf(table, facts)));
              }}
              savePng={() => {
                const picture = plot.current?.picture(`${chart.name}, ${chart.unit}`);
                save(picture?.then((blob) => saveFile(`starling-${chart.id}.png`, blob)));
              }}
            />
            <p role="status" className="note">
              {problem}
            </p>
          </>
        )}
        {drawable && (
          <figcaption className="note" data-testid="curve-summary" data-points={table.length}>
            {summary} {chart.note}
          </figcaption>
        )}
        {drawable && <CurvesTable {...{ chart, table, facts }} span={shown ?? full} />}
      </figure>
    </Panel>
  );
}
