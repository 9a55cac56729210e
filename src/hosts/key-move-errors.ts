import { describeError, StarlingError } from '../base/errors.ts';

/** Why a key did not move, in words for people, and what to do. */

/** By the reason of `openKeyFile`. */
export function whyNotOpened(reason: string): StarlingError {
  if (reason === 'wrong password or damaged') {
    return new StarlingError(
      'key-password',
      'The password is wrong, or the key is damaged.',
      'Type the password again: capital letters count.',
    );
  }
  if (reason === 'key file of a newer page') {
    return new StarlingError(
      'key-file-newer',
      'This key file was made by a newer page than this one.',
      'Reload this page, then choose the file again.',
    );
  }
  const isOther = ['key file too long', 'key file is not JSON', 'no key file'].includes(reason);
  return isOther ? noKeyFile() : damagedFile();
}

export const noKeyFile = (): StarlingError =>
  new StarlingError(
    'key-file-none',
    'This is not a key file.',
    'Choose the file whose name begins with “starling-key”.',
  );

export const damagedFile = (): StarlingError =>
  new StarlingError(
    'key-file-damaged',
    'This key is damaged.',
    'If it came from a file: save that again in the browser that it comes from, if its copy is still there.',
  );

export const keyStays = (): StarlingError =>
  new StarlingError(
    'key-stays',
    'The key of this tab was not made to move, so it stays in this browser.',
    'Make one that can move. It is a new volunteer.',
  );

export const keyHere = (): StarlingError =>
  new StarlingError(
    'key-here',
    'This browser has this key already.',
    'Nothing to do: one of its tabs is that volunteer.',
  );

export const olderFile = (): StarlingError =>
  new StarlingError(
    'key-file-older',
    'This file is older than the last one this key left with.',
    'Use the newest file of this key.',
  );

export const unreadableLog = (): StarlingError =>
  new StarlingError(
    'signing-log-unreadable',
    'The record of what this key signed is damaged. Elsewhere it could sign the same twice, so it stays here.',
    'Make a new key that can move.',
  );

export const noRoom = (): StarlingError =>
  new StarlingError(
    'no-slot',
    'This browser has no room for another key.',
    'Close other tabs of this page. Each tab has a key of its own.',
  );

export const inRun = (): StarlingError =>
  new StarlingError('in-run', 'This tab is in a run, and its key signs there.', 'Leave the run first.');

export const keysNotKept = (why: unknown): StarlingError =>
  new StarlingError(
    'keys-not-kept',
    `This browser keeps no key for this page${why === undefined ? '' : ` (${describeError(why)})`}, so none can be moved.`,
    'Allow this site to store data, or use a window that is not private.',
  );
