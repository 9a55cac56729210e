// npm run bench:kernels -- [--json out.json] [--peers jax,tfjs,ort] [--device chromium|firefox|node]
//   [--sections matmul,attention,compression,apply,step] [--runs 11] [--check]
// Our kernels beside those of other libraries, in turns on one adapter. With all sections it writes
// docs/results/kernels.md (kernels-firefox.md, kernels-node.md), and .json beside it. --check ends with 1 where a bound of
// bench/kernels/check.ts is not met.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { shortfalls } from './kernels/check.ts';
import { measureOn } from './kernels/hosts.ts';
import { parseOptions } from './kernels/options.ts';
import { markdown, type Report } from './kernels/report.ts';
import { torchBaseline } from './kernels/torch.ts';
import { sectionNames } from './kernels/types.ts';
import { libraryVersions } from './kernels/versions.ts';

export async function main(args: string[]): Promise<void> {
  const options = parseOptions(args);
  const { device, sections, runs, json } = options;
  const start = performance.now();
  const tell = (line: string): void => {
    console.log(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  };
  const versions = libraryVersions();
  const { measured, host } = await measureOn(device, options, versions, tell);
  const torch = device === 'node' ? torchBaseline(tell) : undefined;
  const processors = cpus();
  const report: Report = {
    command: ['npm run bench:kernels --', ...args].join(' '),
    machine: `${processors[0]?.model ?? 'unknown'}, ${processors.length} cores, ${platform()} ${arch()}`,
    host,
    date: new Date().toISOString().slice(0, 10),
    commit: versions.ours,
    runs,
    ...measured,
    ...(torch === undefined ? {} : { torch }),
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json !== undefined) writeFileSync(json, text);
  if (sectionNames.every((name) => sections.includes(name))) {
    const stem = `docs/results/kernels${device === 'chromium' ? '' : `-${device}`}`;
    mkdirSync('docs/results', { recursive: true });
    writeFileSync(`${stem}.md`, markdown(report));
    writeFileSync(`${stem}.json`, text);
    tell(`written: ${stem}.md and .json`);
  }
  const missed = shortfalls(report);
  for (const line of missed) tell(`short of its bound: ${line}`);
  if (options.check && missed.length > 0) process.exitCode = 1;
}
