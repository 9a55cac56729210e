import {
  damagedInvitation,
  openInvitation,
  readInvitation,
  writeInvitation,
  type Invitation,
} from '../swarm/invitation.ts';

/**
 * The invitation in an address: `#key=...`. A browser never sends what stands after # to a server. Undefined: the address is of a
 * public run. Throws StarlingError `invitation-damaged` or `invitation-insecure`: to go on without it would be another room.
 */
export async function invitationIn({ hash }: Pick<URL, 'hash'>): Promise<Invitation | undefined> {
  const text = new URLSearchParams(hash.slice(1)).get('key');
  if (text === null) return undefined;
  const key = readInvitation(text);
  if (key === undefined) throw damagedInvitation();
  return openInvitation(key);
}

/** The fragment that carries a key. */
export const fragmentOf = (key: Parameters<typeof writeInvitation>[0]): string =>
  `#key=${writeInvitation(key)}`;

/** The room of the shared document. */
export const documentRoom = async (room: string, invitation: Invitation | undefined): Promise<string> =>
  invitation === undefined ? `starling/${room}` : invitation.room(room);

/** Where the signaling server of a page at `base` listens. */
export const signalingUrlOf = (base: URL): string => new URL('/', base).href.replace(/^http/, 'ws');
