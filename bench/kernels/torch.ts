import { spawnSync } from 'node:child_process';

const askSeconds = 60;
const runSeconds = 300;

/** What bench/torch_baseline.py measures on this machine's card, or undefined where PyTorch has none. */
export function torchBaseline(tell: (line: string) => void): unknown {
  const ask = ['-c', 'import torch; print(torch.cuda.is_available())'];
  const answer = spawnSync('python3', ask, { encoding: 'utf8', timeout: 1000 * askSeconds });
  if (answer.status !== 0 || answer.stdout.trim() !== 'True') {
    tell('PyTorch has no card here: no baseline');
    return undefined;
  }
  tell('PyTorch on the same card');
  const run = spawnSync('python3', ['bench/torch_baseline.py', '--device', 'cuda'], {
    encoding: 'utf8',
    timeout: 1000 * runSeconds,
  });
  if (run.status !== 0) throw new Error(`bench/torch_baseline.py: ${run.stderr}`);
  return JSON.parse(run.stdout) as unknown;
}
