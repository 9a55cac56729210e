import { expect, test } from './swarm-fixture.ts';

test('a tab whose GPU process dies opens the GPU again and goes on in the same run', async ({ swarm }) => {
  const [tab] = await swarm.volunteers(1, {});
  const { volunteer: before } = await tab.until(
    'rounds to lose',
    ({ volunteer }) => (volunteer?.round ?? 0) >= 11 && volunteer?.state === 'training',
  );
  const browser = await swarm.browser.newBrowserCDPSession();
  await browser.send('Browser.crashGpuProcess');
  const { volunteer: after } = await tab.until(
    'rounds after it',
    ({ volunteer }) => volunteer?.gpuLosses === 1 && volunteer.round > (before?.round ?? 0) + 3,
    20_000,
  );
  const states = new Map(after?.records.map(({ round, state }) => [round, state]));
  const known = (before?.records ?? []).filter(({ round }) => states.has(round));
  expect(known.length).toBeGreaterThanOrEqual(11);
  expect(known.filter(({ round, state }) => states.get(round) !== state)).toEqual([]);
  await expect(tab.page.getByTestId('gpu-losses')).toHaveText('1 time');
  const told = after?.events.find(({ kind }) => kind === 'gpu-lost')?.text;
  expect(told).toMatch(/^The GPU was lost: .+ It was set up again within \d+\.\d s\.$/);
  console.log(told);
});
