import { announcementTargets } from './announcement-targets.ts';
import { binaryTargets } from './binary-targets.ts';
import { configTargets } from './config-targets.ts';
import { documentTargets } from './document-targets.ts';
import { signalingTargets } from './signaling-targets.ts';
import { protocolTargets } from './protocol-targets.ts';
import type { FuzzTarget } from './target.ts';

/** Every decoder that bytes from outside reach. Whoever writes a new one adds it here. */
export const allTargets: readonly FuzzTarget[] = [
  ...protocolTargets,
  ...binaryTargets,
  ...signalingTargets,
  ...announcementTargets,
  ...configTargets,
  ...documentTargets,
];
