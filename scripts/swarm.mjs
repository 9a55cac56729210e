// npm run swarm: installs and builds what is missing, then runs scripts/swarm.ts.
import { installPackages } from './setup.mjs';
import { makeCorpus, makePage, runNode } from './steps.mjs';

const train = () => runNode(['--import', 'tsx', 'scripts/swarm.ts', ...process.argv.slice(2)]);
for (const step of [installPackages, makeCorpus, makePage, train]) {
  process.exitCode = await step();
  if (process.exitCode !== 0) break;
}
