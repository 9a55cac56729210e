import type { LibraryName, Measured, PeerName, Row, StepCell, StepResult, Timing } from './types.ts';

/** A whole run: what was measured, and where, when and by what. */
export interface Report extends Measured {
  readonly command: string;
  readonly machine: string;
  readonly host: string;
  readonly date: string;
  readonly commit: string;
  readonly runs: number;
  readonly torch?: unknown;
}

const names: Readonly<Record<LibraryName, string>> = {
  ours: 'Starling',
  jax: '@jax-js/jax',
  tfjs: 'tfjs-backend-webgpu',
  ort: 'onnxruntime-web',
};

const figure = (value: number): string => {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};
const percent = (share: number | undefined): string =>
  share === undefined ? '' : `${(100 * share).toFixed(0)}%`;
const time = ({ medianMs, p10Ms, p90Ms }: Timing): string =>
  `${figure(medianMs)} (${figure(p10Ms)} to ${figure(p90Ms)})`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Rows with a column a peer: its GFLOP/s, how many times as fast we are, and its runs where they are fewer. */
function rowTable(rows: readonly Row[], unit: 'GFLOP/s' | 'GB/s', runs: number): string {
  const peers = (['jax', 'tfjs', 'ort'] as const).filter((peer) => rows.some((row) => row.peers[peer]));
  const cell = (row: Row, peer: PeerName): string => {
    const theirs = row.peers[peer];
    if (theirs === undefined) return '';
    const fewer = theirs.runs < runs ? `, ${theirs.runs} runs` : '';
    return `${figure(theirs.gflops ?? theirs.medianMs)} (${figure(theirs.ratio)}x${fewer})`;
  };
  return table(
    ['', 'shape', 'ms, median (p10 to p90)', unit, 'of the roofline', ...peers.map((peer) => names[peer])],
    rows.map((row) => [
      row.op,
      row.shape,
      time(row.ours),
      figure(row.gflops ?? row.gbps ?? 0),
      percent(row.share),
      ...peers.map((peer) => cell(row, peer)),
    ]),
  );
}

function stepTable({ setup, parameters, ours, peers, ratio, small, mixed }: StepResult): string {
  const { batch, model } = setup;
  const { blocks, width, heads, hidden, context, vocabulary } = model;
  const cells = [['ours', ours], ...Object.entries(peers)] as [LibraryName, StepCell][];
  return [
    `${blocks} blocks, d ${width}, ${heads} heads, SwiGLU width ${hidden}, T ${context}, batch ${batch}, vocabulary`,
    `${vocabulary}: ${parameters} parameters. Forward, backward, clipping to norm 1 and AdamW, the same weights and batches;`,
    `each library's own autodiff, the losses of five steps within 1e-3 of ours. Bytes: the most GPU buffers alive.`,
    '',
    table(
      [
        '',
        'ms a step, median (p10 to p90)',
        'runs',
        'ours is faster by',
        'dispatches',
        'submits',
        'MB of buffers',
        'losses',
      ],
      cells.map(([name, cell]) => [
        names[name],
        time(cell),
        String(cell.runs),
        name === 'ours' ? '' : `${figure(ratio[name] ?? NaN)}x`,
        String(cell.dispatches),
        String(cell.submits),
        figure(cell.bufferBytes / 1e6),
        cell.losses.map((loss) => loss.toFixed(4)).join(', '),
      ]),
    ),
    ...(mixed === undefined
      ? []
      : [
          '',
          `Ours in mixed precision (f16 products and activations), afterwards: ${time(mixed)} ms a step,`,
          `${figure(mixed.bufferBytes / 1e6)} MB of buffers, losses ${mixed.losses.map((loss) => loss.toFixed(4)).join(', ')}.`,
        ]),
    ...(small === undefined
      ? []
      : [
          '',
          `The preset \`small\`, batch 1, T 1024, ours alone: ${time(small)} ms a step, ${small.dispatches} dispatches,`,
          `${figure(small.bufferBytes / 1e6)} MB of buffers.`,
        ]),
  ].join('\n');
}

/** The page docs/results/kernels.md, whole. */
export function markdown(report: Report): string {
  const { roofline, matmul, attention, compression, apply, step, versions, runs } = report;
  const libraries = (Object.entries(versions) as [LibraryName, string][]).map(
    ([name, version]) => `${names[name]} ${version}`,
  );
  const parts = [
    '# What the kernels reach',
    [
      `\`${report.command}\`, ${report.date}, commit ${report.commit}, on ${report.machine}; ${report.host};`,
      `adapter: ${report.adapter}${report.software ? ', a CPU standing in for a GPU' : ''}. ${libraries.join(', ')}.`,
    ].join('\n'),
    [
      `Libraries take turns in one page on one adapter, ${runs} runs each (a slow peer fewer, at least 3, as its cell says); inputs`,
      'rotate, warm-up is not counted, and results that differ by more than 1e-3 in relative L2 fail the run. A time lasts until',
      'the GPU is done. "x" is the median of paired runs, their time over ours. Rooflines are measured in the same run:',
      `copy ${figure(roofline.copyGBs)} GB/s (bytes read and written), FMA ${figure(roofline.fmaGflops)} GFLOP/s in registers.`,
    ].join('\n'),
  ];
  if (matmul !== undefined) {
    const means = Object.entries(matmul.geomeanRatio).map(
      ([peer, ratio]) => `${figure(ratio)}x ${names[peer as PeerName]}`,
    );
    parts.push('## Matmul', rowTable(matmul.rows, 'GFLOP/s', runs));
    if (means.length > 0) parts.push(`Geometric mean over the first five: ${means.join(', ')}.`);
  }
  if (attention !== undefined) parts.push('## Attention, causal', rowTable(attention, 'GFLOP/s', runs));
  if (compression !== undefined) parts.push('## Compression', rowTable(compression.rows, 'GB/s', runs));
  if (apply !== undefined) parts.push('## Apply', rowTable(apply.rows, 'GB/s', runs));
  if (step !== undefined) parts.push('## A training step', stepTable(step));
  if (report.torch !== undefined)
    parts.push('## PyTorch on the same card', `\`\`\`json\n${JSON.stringify(report.torch, null, 2)}\n\`\`\``);
  return `${parts.join('\n\n')}\n`;
}
