import { announcementTargets } from './announcement-targets.ts';
import { binaryTargets } from './binary-targets.ts';
import { configTargets } from './config-targets.ts';
import { documentTargets } from './document-targets.ts';
import { keyFileTargets } from './key-file-targets.ts';
import { modelTargets } from './model-targets.ts';
import { signalingTargets } from './signaling-targets.ts';
import { protocolTargets } from './protocol-targets.ts';
import { recordingTargets } from './recording-targets.ts';
import type { FuzzTarget } from './target.ts';

/**
 * Every decoder that bytes from a peer, the server or a file reach. Whoever writes a new one adds it here. What this browser
 * keeps for itself (settings, names, histories) is read by functions with tests beside them.
 */
export const allTargets: readonly FuzzTarget[] = [
  ...protocolTargets,
  ...binaryTargets,
  ...signalingTargets,
  ...announcementTargets,
  ...configTargets,
  ...documentTargets,
  ...modelTargets,
  ...recordingTargets,
  ...keyFileTargets,
];
