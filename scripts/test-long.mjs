// npm run test:long: ten times the fuzzing, the 300-round run whose figures the README gives, and a run through churn, all
// checked.
import { ensureChromium } from './ensure-chromium.mjs';
import { installPackages } from './setup.mjs';
import { makeCorpus, makePage, runNode, runPackage } from './steps.mjs';

const fuzz = () => runPackage('vitest', ['run', '--project', 'unit'], { STARLING_LONG: '10' });

const swarm = (...args) =>
  runNode(['--import', 'tsx', 'scripts/swarm.ts', '--preset', 'nano', '--check', ...args]);
const calm = () =>
  swarm('--volunteers', '3', '--rounds', '300', '--seed', '1', '--json', 'docs/results/swarm-nano-300.json');
const churned = () =>
  swarm(
    ...['--volunteers', '3', '--rounds', '120', '--seed', '1', '--script', 'churn'],
    ...['--json', 'docs/results/swarm-nano-churn.json'],
  );

let [passed, failed] = [0, 0];
for (const step of [installPackages, ensureChromium, makeCorpus, makePage, fuzz, calm, churned]) {
  if ((await step()) === 0) passed++;
  else failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
