import { expect, test } from './swarm-fixture.ts';

test('a volunteer whose text is cut off says what to do, and joins again by its button', async ({
  swarm,
}) => {
  const tab = await swarm.open({ preset: 'nano', seed: 1 });
  await tab.page.route('**/corpus/*.bin', (route) => route.abort());
  await tab.join();
  const failed = await tab.until('failing', ({ volunteer }) => volunteer?.state === 'failed');
  expect(failed.volunteer?.fix).toMatch(/server/);
  await expect(tab.page.getByTestId('fix')).toBeVisible();

  await tab.page.unroute('**/corpus/*.bin');
  await tab.page.getByRole('button', { name: 'Join again' }).click();
  await expect(tab.page.getByTestId('state')).toHaveAttribute('data-state', 'training', { timeout: 30_000 });
});

test('who leaves goes on watching, and can join again', async ({ swarm }) => {
  const [stays, leaves] = await swarm.volunteers(2, {});
  await leaves.until('two rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);
  await leaves.page.getByRole('button', { name: 'Leave' }).click();
  const left = await leaves.until('leaving', ({ volunteer }) => volunteer?.state === 'left');
  const then = left.volunteer?.round ?? Infinity;
  await expect
    .poll(async () => Number(await leaves.page.getByTestId('round').textContent()), { timeout: 60_000 })
    .toBeGreaterThan(then + 2);
  await leaves.join();
  await leaves.until(
    'being counted again',
    ({ volunteer }) => volunteer?.receipts.some(({ counted }) => counted) === true,
  );
  await stays.until('two members', ({ volunteer }) => volunteer?.members === 2);
});

test('after everyone left, whoever joins starts a new run, and viewers see its curve', async ({ swarm }) => {
  const [first] = await swarm.volunteers(1, {});
  const viewer = await swarm.open();
  await viewer.until('three points', ({ view }) => view.curve.length >= 3);
  await first.page.getByRole('button', { name: 'Leave' }).click();
  await first.until('leaving', ({ volunteer }) => volunteer?.state === 'left');
  const before = await viewer.until('nobody', ({ view }) => view.presences.length === 0);
  await first.join();
  // The same key starts both: only the curve tells them apart.
  const reached = before.view.curve.at(-1)?.round ?? 0;
  const after = await viewer.until(
    'the new curve',
    ({ view }) => view.curve.length >= 1 && (view.curve.at(-1)?.round ?? Infinity) < reached,
  );
  expect(after.view.curve[0]?.round).toBe(1);
});

test('two tabs that press Join at the same moment end up in one run', async ({ swarm }) => {
  const tabs = [await swarm.open({ preset: 'nano' }), await swarm.open({ preset: 'nano' })];
  await Promise.all(tabs.map((tab) => tab.join()));
  const both = await Promise.all(
    tabs.map((tab) =>
      tab.until(
        'training together',
        ({ volunteer }) => volunteer?.members === 2 && volunteer.replicasAgree === true,
      ),
    ),
  );
  expect(new Set(both.map(({ view }) => view.run?.startedBy)).size).toBe(1);
});

test('a paused tab takes the run over when the only trainer has gone, and a newcomer finds the same run', async ({
  swarm,
}) => {
  const [first, second] = await swarm.volunteers(2, { volunteers: 2 });
  await Promise.all(
    [first, second].map((page) => page.until('round 3', ({ volunteer }) => (volunteer?.round ?? 0) >= 3)),
  );
  await first.page.getByTestId('pause').click();
  await second.until('training alone', ({ volunteer }) => volunteer?.members === 1);
  await second.page.getByTestId('leave').click();
  await second.until('having left', ({ volunteer }) => volunteer?.state === 'left');
  const before = (await first.snapshot()).volunteer;
  await first.page.getByTestId('resume').click();
  const { volunteer } = await first.until(
    'training on, from where the run stood',
    ({ volunteer: v }) => v?.state === 'training' && v.receipts.at(-1)?.counted === true && v.members === 1,
  );
  expect(volunteer?.round).toBeGreaterThan(before?.round ?? Infinity);
  await second.join();
  const { volunteer: back } = await second.until(
    'being counted again',
    ({ volunteer: v }) => v?.state === 'training' && v.members === 2 && v.replicasAgree === true,
  );
  expect(back?.round).toBeGreaterThan(before?.round ?? Infinity);
});
