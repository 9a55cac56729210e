// npm run test:long: ten times the fuzzing, and the 300-round run whose figures the README gives, checked.
import { ensureChromium } from './ensure-chromium.mjs';
import { installPackages } from './setup.mjs';
import { makeCorpus, makePage, runNode, runPackage } from './steps.mjs';

const fuzz = () => runPackage('vitest', ['run', '--project', 'unit'], { STARLING_LONG: '10' });
const run = ['--volunteers', '3', '--rounds', '300', '--preset', 'nano', '--seed', '1', '--check'];
const train = () =>
  runNode(['--import', 'tsx', 'scripts/swarm.ts', ...run, '--json', 'docs/results/swarm-nano-300.json']);

let [passed, failed] = [0, 0];
for (const step of [installPackages, ensureChromium, makeCorpus, makePage, fuzz, train]) {
  if ((await step()) === 0) passed++;
  else failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
