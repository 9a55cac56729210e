import { binaryTargets } from './binary-targets.ts';
import { documentTargets } from './document-targets.ts';
import { jsonTargets } from './json-targets.ts';
import { protocolTargets } from './protocol-targets.ts';
import type { FuzzTarget } from './target.ts';

/** Every decoder that bytes from outside reach. Whoever writes a new one adds it here. */
export const allTargets: readonly FuzzTarget[] = [
  ...protocolTargets,
  ...binaryTargets,
  ...jsonTargets,
  ...documentTargets,
];
