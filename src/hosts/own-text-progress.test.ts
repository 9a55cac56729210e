import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { Fetching } from '../volunteer/status.ts';
import { FetchProgress } from './own-text-progress.ts';

function watched(peers = 1) {
  const clock = new ManualClock();
  const connected = { peers };
  const progress = new FetchProgress(clock, () => connected.peers);
  const told: (Fetching | undefined)[] = [];
  progress.listen((fetching) => told.push(fetching));
  return { clock, connected, progress, told, now: () => told.at(-1) };
}

describe('what a volunteer waits for', () => {
  it('is told in bytes of bytes until it is here', () => {
    const { progress, now } = watched();
    expect(now()).toBeUndefined();
    const fetch = progress.begin('text', 'others');
    expect(now()).toEqual({ what: 'text', bytes: 0, totalBytes: undefined, stuck: undefined });
    fetch.whole(300);
    fetch.got(100);
    expect(now()).toMatchObject({ bytes: 100, totalBytes: 300 });
    fetch.end();
    expect(now()).toBeUndefined();
    fetch.got(100);
    expect(now()).toBeUndefined();
  });

  it('is the weights while both are fetched', () => {
    const { progress, now } = watched();
    progress.begin('text', 'others');
    const start = progress.begin('start', 'others');
    expect(now()?.what).toBe('start');
    start.end();
    expect(now()?.what).toBe('text');
  });

  it('comes with the reason where nothing has come for five seconds, and without once something does', () => {
    const { clock, connected, progress, now } = watched(0);
    const fetch = progress.begin('text', 'server');
    clock.advance(4_000);
    expect(now()?.stuck).toBeUndefined();
    clock.advance(2_000);
    expect(now()?.stuck).toBe('server');
    fetch.asks('both');
    expect(now()?.stuck).toBe('server');
    fetch.asks('others');
    expect(now()?.stuck).toBe('nobody');
    connected.peers = 2;
    clock.advance(1_000);
    expect(now()?.stuck).toBe('not-given');
    fetch.got(5);
    expect(now()?.stuck).toBeUndefined();
    clock.advance(6_000);
    expect(now()?.stuck).toBe('not-given');
  });

  it('is not looked at any more when nothing is waited for', () => {
    const { clock, progress, told } = watched();
    progress.begin('text', 'others').end();
    const before = told.length;
    clock.advance(60_000);
    expect(told.length - before).toBeLessThanOrEqual(1);
  });
});
