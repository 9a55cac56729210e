import { expect, test } from './swarm-fixture.ts';
import type { VolunteerPage } from '../scripts/swarm/volunteer-page.ts';

const longestMs = 20_000;
/** On a machine that is slow today the others' rounds are the clock: they take longer by as much as coming back does. */
const mostRounds = 36;
const hangMs = 180_000;

test('a tab that is reloaded is counted again within seconds, as the same volunteer, and no round waits for its deadline', async ({
  swarm,
}) => {
  const tabs = await swarm.volunteers(3, {});
  const took: string[] = [];
  for (const [index, tab] of tabs.entries()) {
    const { volunteer: before } = await tab.until(
      'rounds that it cannot simply follow from the start',
      ({ volunteer }) => (volunteer?.finalRound ?? 0) >= 10 && volunteer?.members === 3,
    );
    const others = tabs.filter((_, i) => i !== index);
    const start = performance.now();
    const firstRound = await roundOf(others[0]);
    await tab.page.reload();
    await tab.ready();
    await tab.until('the run', ({ view }) => view.run !== undefined);
    await tab.join();
    const { volunteer: after } = await tab.until(
      'a contribution that counts',
      ({ volunteer }) => volunteer?.state === 'training' && volunteer.receipts.at(-1)?.counted === true,
      hangMs,
    );
    const rounds = (await roundOf(others[0])) - firstRound;
    const tookMs = performance.now() - start;
    const said = `${(tookMs / 1000).toFixed(1)} s, ${rounds} rounds`;
    took.push(said);
    expect(tookMs < longestMs || rounds < mostRounds, said).toBe(true);
    expect(after?.self).toBe(before?.self);
    expect(after?.rejections).toEqual({});
    for (const other of others) {
      const { volunteer } = await other.until(
        'three members',
        ({ volunteer: v }) => v?.members === 3 && v.replicasAgree === true,
      );
      expect(volunteer?.longestRoundMs).toBeLessThan(longestMs);
      expect(volunteer?.rejections).toEqual({});
    }
  }
  console.log(`from reload to a contribution that counts: ${took.join('; ')}`);
});

async function roundOf(tab: VolunteerPage): Promise<number> {
  const { volunteer } = await tab.snapshot();
  return volunteer?.round ?? 0;
}
