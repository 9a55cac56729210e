// npm run test:long: ten million mutants for the decoders, the 300-round run whose figures the README gives, a run through churn
// and one across hosts, all checked; last and longest the unit tests with ten times their cases and 20,000 stories of a swarm
// (about three seconds of a core each). The last line is the sum; what this machine cannot run is a skip in it, with the reason above.
import { ensureChromium } from './ensure-chromium.mjs';
import { ensureFirefox } from './ensure-firefox.mjs';
import { installPackages } from './setup.mjs';
import { makeCorpus, makePage, runNode, runPackage } from './steps.mjs';

const fuzz = () => runNode(['scripts/run.mjs', 'scripts/fuzz.ts', '--count', '10000000', '--seed', '1']);
const unit = () =>
  runPackage('vitest', ['run', '--project', 'unit'], { STARLING_LONG: '10', STARLING_STORIES: '20000' });

const swarm = (...args) =>
  runNode(['--import', 'tsx', 'scripts/swarm.ts', '--preset', 'nano', '--check', ...args]);
const calm = () =>
  swarm('--volunteers', '3', '--rounds', '300', '--seed', '1', '--json', 'docs/results/swarm-nano-300.json');
const churned = () =>
  swarm(
    ...['--volunteers', '3', '--rounds', '120', '--seed', '1', '--script', 'churn'],
    ...['--json', 'docs/results/swarm-nano-churn.json'],
  );

/** Undefined, not an exit code: skipped. `ensureFirefox` has said why. */
const mixed = async () =>
  (await ensureFirefox())
    ? swarm(
        ...['--volunteers', 'chromium,firefox,node', '--rounds', '60', '--seed', '1'],
        ...['--json', 'docs/results/swarm-nano-hosts.json'],
      )
    : undefined;

let [passed, failed, skipped] = [0, 0, 0];
for (const step of [
  installPackages,
  ensureChromium,
  makeCorpus,
  makePage,
  fuzz,
  calm,
  churned,
  mixed,
  unit,
]) {
  const exitCode = await step();
  if (exitCode === undefined) skipped++;
  else if (exitCode === 0) passed++;
  else failed++;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
