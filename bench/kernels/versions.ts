import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { LibraryName } from './types.ts';

const packages = {
  jax: '@jax-js/jax',
  tfjs: '@tensorflow/tfjs-backend-webgpu',
  ort: 'onnxruntime-web',
} as const;

/** The commit this is run at, with a plus where files differ from it; 'unknown' outside a checkout. */
export function commitHere(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

/** Exact versions as package.json has them; ours is the commit. */
export function libraryVersions(): Readonly<Record<LibraryName, string>> {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const peers = Object.fromEntries(
    Object.entries(packages).map(([name, packageName]) => [name, devDependencies[packageName]]),
  ) as Record<keyof typeof packages, string>;
  return { ours: commitHere(), ...peers };
}
