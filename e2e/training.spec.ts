import { expect, test } from './swarm-fixture.ts';

test('two tabs agree bit for bit after 20 rounds while validation loss falls', async ({ swarm }) => {
  const pages = await swarm.volunteers(2, { rounds: 20 });
  const finished = await Promise.all(
    pages.map(async (page) => {
      const { volunteer } = await page.until('20 rounds', ({ volunteer: v }) => v?.state === 'finished');
      return volunteer!;
    }),
  );
  const [first, second] = finished;
  expect(first?.stateDigest).toMatch(/^[0-9a-f]{32}$/);
  expect(first?.stateDigest).toBe(second?.stateDigest);
  for (const { records, roundsTrained, replicasAgree, curve, rejections, bytesUp, bytesDown } of finished) {
    expect(records.map(({ round }) => round)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(records.every(({ contributions }) => contributions === 2)).toBe(true);
    expect(records.map(({ state }) => state)).toEqual(first?.records.map(({ state }) => state));
    expect(new Set(records.map(({ state }) => state)).size).toBe(20);
    expect(roundsTrained).toBe(20);
    expect(replicasAgree).toBe(true);
    const validation = curve.flatMap((point) => (point.validation === undefined ? [] : [point.validation]));
    expect(validation[0]).toBeGreaterThan(5.4);
    expect(validation.at(-1)).toBeLessThan((validation[0] ?? 0) - 1);
    expect(rejections).toEqual({});
    // 20 contributions of about 650 bytes each way, counted by WebRTC itself.
    expect(bytesUp).toBeGreaterThan(20 * 500);
    expect(bytesDown).toBeGreaterThan(20 * 500);
  }
  for (const page of pages) await expect(page.page.getByText(/all replicas agree/i).first()).toBeVisible();
});

test('a volunteer joins before round 1, another leaves between rounds, and the rest train on', async ({
  swarm,
}) => {
  const pages = await swarm.volunteers(3, { rounds: 40 });
  const [first, second, third] = pages;
  await Promise.all(
    pages.map((page) => page.until('round 4', ({ volunteer }) => (volunteer?.round ?? 0) >= 4)),
  );
  await third.page.getByRole('button', { name: /^leave/i }).click();
  await third.until('leaving', ({ volunteer }) => volunteer?.state === 'left');
  const rest = await Promise.all(
    [first, second].map(async (page) => {
      const { volunteer } = await page.until('10 more rounds of two', ({ volunteer: v }) => {
        const after = v?.records.filter(({ contributions }) => contributions === 2).length ?? 0;
        return after >= 8 && v?.members === 2;
      });
      return volunteer!;
    }),
  );
  const shared = rest[0].records.filter(({ round }) =>
    rest[1].records.some((other) => other.round === round),
  );
  for (const record of shared) {
    expect(rest[1].records.find(({ round }) => round === record.round)?.state).toBe(record.state);
  }
  expect(rest[0].records[0]?.contributions).toBe(3);
  expect(rest[0].replicasAgree).toBe(true);
});

test('a tab opened in the middle of a run fetches the model, catches up and is counted', async ({
  swarm,
}) => {
  const [first] = await swarm.volunteers(1, {});
  // Later than the rounds that members keep, so that a snapshot is the only way in.
  await first.until('round 12', ({ volunteer }) => (volunteer?.round ?? 0) >= 12);
  const late = await swarm.open({});
  await late.until('the run', ({ view }) => view.run !== undefined);
  await late.join();
  const { volunteer } = await late.until(
    'being counted',
    ({ volunteer: v }) => v?.receipts.some(({ counted }) => counted) === true,
  );
  expect(volunteer?.records[0]?.round).toBeGreaterThan(1);
  const { volunteer: host } = await first.until(
    'two members',
    ({ volunteer: v }) => v?.members === 2 && v.replicasAgree === true,
  );
  const both = host!.records.filter(({ round }) => volunteer!.records.some((other) => other.round === round));
  expect(both.length).toBeGreaterThan(0);
  for (const { round, state } of both) {
    expect(volunteer!.records.find((other) => other.round === round)?.state).toBe(state);
  }
});

test('a tab closed in the middle of a round costs the others nothing but its contribution', async ({
  swarm,
}) => {
  const pages = await swarm.volunteers(2, { rounds: 200 });
  await Promise.all(
    pages.map((page) => page.until('round 3', ({ volunteer }) => (volunteer?.round ?? 0) >= 3)),
  );
  const gone = (await pages[1].snapshot()).volunteer?.self.slice(0, 6);
  // As a person closes it: it has time to say goodbye.
  const closed = pages[1].page.waitForEvent('close');
  await pages[1].page.close({ runBeforeUnload: true });
  await closed;
  const then = (await pages[0].snapshot()).volunteer?.round ?? Infinity;
  const { volunteer } = await pages[0].until('training alone', ({ volunteer: v }) => {
    const alone = v?.records.filter(({ contributions }) => contributions === 1).length ?? 0;
    return v?.members === 1 && alone >= 3;
  });
  expect(volunteer?.reason).toMatch(/alone/i);
  expect(volunteer?.events.map(({ text }) => text)).toContain(`${gone} left.`);
  // Who said goodbye is not asked for its signature any more: rounds go on to become final.
  await pages[0].until('later rounds to be final', ({ volunteer: v }) => (v?.finalRound ?? 0) > then + 3);
});

test('pausing stops contributing but keeps following, and resuming contributes again', async ({ swarm }) => {
  const pages = await swarm.volunteers(2, { rounds: 400 });
  await Promise.all(
    pages.map((page) => page.until('round 2', ({ volunteer }) => (volunteer?.round ?? 0) >= 2)),
  );
  await pages[1].page.getByRole('button', { name: /^pause/i }).click();
  const paused = await pages[1].until('following while paused', ({ volunteer: v }) => {
    const last = v?.records.slice(-3) ?? [];
    return v?.state === 'paused' && v.members === 1 && last.every(({ contributions }) => contributions === 1);
  });
  const trained = paused.volunteer!.roundsTrained;
  await pages[1].page.getByRole('button', { name: /^resume/i }).click();
  const resumed = await pages[1].until(
    'counted again',
    ({ volunteer: v }) =>
      v?.state === 'training' &&
      v.members === 2 &&
      v.roundsTrained > trained &&
      v.receipts.at(-1)?.counted === true,
  );
  expect(resumed.volunteer!.replicasAgree).toBe(true);
});
