import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawInvitation } from '../swarm/invitation.ts';
import { documentRoom, fragmentOf, invitationIn, signalingUrlOf } from './invited.ts';
import { WatchHost } from './watch-host.ts';

test('the key in an address opens the room of that key, and an address without one the public room', async () => {
  const key = drawInvitation();
  const [mine, again] = await Promise.all(
    [{ hash: fragmentOf(key) }, { hash: fragmentOf(key) }].map(invitationIn),
  );
  expect(mine).toBeDefined();
  expect(await documentRoom('class', mine)).toBe(await documentRoom('class', again));
  expect(await documentRoom('class', mine)).not.toContain('class');
  for (const hash of ['', '#', '#main', '#keys=1']) expect(await invitationIn({ hash })).toBeUndefined();
  expect(await documentRoom('class', undefined)).toBe('starling/class');
});

test('a damaged key never opens the public room instead', async () => {
  const whole = fragmentOf(drawInvitation());
  const cut = fc
    .nat(whole.length - '#key='.length - 1)
    .map((length) => whole.slice(0, '#key='.length + length));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        cut,
        fc.string().map((text) => `#key=${text}`),
      ),
      async (hash) => {
        await expect(invitationIn({ hash })).rejects.toMatchObject({ code: 'invitation-damaged' });
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test('the signaling server is where the page is from', () => {
  expect(signalingUrlOf(new URL('https://a.example/embed?run=x#key=1'))).toBe('wss://a.example/');
  expect(signalingUrlOf(new URL('http://localhost:4173/'))).toBe('ws://localhost:4173/');
});

test('a page that only watches does not show the public room to who has a key', async () => {
  const base = new URL(`https://a.example/embed?run=x${fragmentOf(drawInvitation())}`);
  await expect(WatchHost.open('x', base)).rejects.toMatchObject({ code: 'embed-private' });
});
