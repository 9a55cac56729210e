import { expect, test, vi } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { ForgetTabs, type TabsChannel } from './forget-tabs.ts';

/** Tabs that hear each other, and not themselves. */
function tabsOf(count: number) {
  const clock = new ManualClock();
  const channels: TabsChannel[] = [];
  return Array.from({ length: count }, () => {
    const channel: TabsChannel = {
      onmessage: null,
      postMessage(data: unknown) {
        for (const other of channels)
          if (other !== channel)
            other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent<unknown>);
      },
    };
    channels.push(channel);
    const end = vi.fn(() => Promise.resolve());
    const anew = vi.fn();
    return { tabs: new ForgetTabs({ channel, clock, end, anew }), channel, end, anew, clock };
  });
}

test('who forgets asks the others to leave first, gives them time, and has them load anew when it is done', async () => {
  const [self, other] = tabsOf(2);
  let hadTime = false;
  const asked = self.tabs.ask().then(() => {
    hadTime = true;
  });
  expect(other.end).toHaveBeenCalledOnce();
  expect(self.end).not.toHaveBeenCalled();
  self.clock.advance(1_000);
  await Promise.resolve();
  expect(hadTime).toBe(false);
  self.clock.advance(1_000);
  await asked;
  expect(other.anew).not.toHaveBeenCalled();
  self.tabs.over();
  expect(other.anew).toHaveBeenCalledOnce();
  self.clock.advance(60_000);
  expect(other.anew).toHaveBeenCalledOnce();
});

test('a tab that was asked to leave does not wait for ever for one that is gone', () => {
  const [self, other] = tabsOf(2);
  void self.tabs.ask();
  self.clock.advance(60_000);
  expect(other.anew).toHaveBeenCalledOnce();
});

test('other messages are nothing, and without a channel nobody is waited for', async () => {
  const [self, other] = tabsOf(2);
  for (const data of ['', 7, null, { forget: true }]) self.channel.postMessage(data);
  expect(other.end).not.toHaveBeenCalled();
  expect(other.anew).not.toHaveBeenCalled();
  const { clock, end, anew } = self;
  await new ForgetTabs({ channel: undefined, clock, end, anew }).ask();
});
