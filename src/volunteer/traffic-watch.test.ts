import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { noTraffic, type TransportStats } from '../swarm/transport.ts';
import { TrafficWatch } from './traffic-watch.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function watch(answer: () => Promise<TransportStats>) {
  const clock = new ManualClock();
  let asked = 0;
  const seen: TransportStats[] = [];
  const traffic = new TrafficWatch(
    () => {
      asked++;
      return answer();
    },
    clock,
    (stats) => seen.push(stats),
  );
  return { clock, seen, traffic, asked: () => asked };
}

test('a transport is looked at every two seconds, and no more often however often one reads', async () => {
  let bytesUp = 0;
  const { clock, seen, traffic, asked } = watch(() => Promise.resolve({ ...noTraffic, bytesUp: ++bytesUp }));
  traffic.start();
  for (let i = 0; i < 100; i++) {
    await traffic.read();
    clock.advance(100);
  }
  await turn();
  expect(asked()).toBe(6);
  expect(seen.map((stats) => stats.bytesUp)).toEqual([1, 2, 3, 4, 5, 6]);
  traffic.stop();
  clock.advance(10_000);
  expect((await traffic.read()).bytesUp).toBe(6);
  expect(asked()).toBe(6);
});

test('a look that fails leaves the one before, and the next is tried', async () => {
  let fails = false;
  const { clock, seen, traffic } = watch(() =>
    fails ? Promise.reject(new Error('gone')) : Promise.resolve({ ...noTraffic, bytesUp: 7 }),
  );
  traffic.start();
  await turn();
  fails = true;
  clock.advance(2_000);
  expect((await traffic.read()).bytesUp).toBe(7);
  fails = false;
  clock.advance(2_000);
  await turn();
  expect(seen.length).toBe(2);
  traffic.stop();
});
