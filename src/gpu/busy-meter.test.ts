import { expect, test } from 'vitest';
import { BusyMeter } from './busy-meter.ts';

test('overlapping submits count once, the time between them not at all, and work under way up to now', () => {
  let now = 0;
  const meter = new BusyMeter(() => now);
  const first = meter.begin();
  now = 10;
  const second = meter.begin();
  now = 20;
  first();
  expect(meter.busyMs).toBe(20);
  now = 30;
  second();
  second();
  now = 100;
  expect(meter.busyMs).toBe(30);
  meter.begin();
  now = 105;
  expect(meter.busyMs).toBe(35);
});
