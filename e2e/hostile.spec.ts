import { isDeepStrictEqual } from 'node:util';
import type { Browser, Page } from 'playwright';
import type { VolunteerPage } from '../scripts/swarm/volunteer-page.ts';
import { reasonText } from '../src/ui/refusals.ts';
import type { Kind } from '../src/swarm/protocol.ts';
import type { VolunteerStatus } from '../src/volunteer/status.ts';
import { bundleForPage } from './bundle.ts';
import type * as Hostile from './hostile/in-page.ts';
import { expect, test, type TestSwarm } from './swarm-fixture.ts';

type InPage = { hostile: typeof Hostile };
const seed = 20261122;
const room = 'hostile';
/** Messages of one kind to each tab at once. */
const floodSize = 800;

/** Every kind of message, and why a flood of it by a peer that is no member is refused. */
const floodedBy: Readonly<Record<Kind, string>> = {
  'want-piece': 'want-piece-out-of-range',
  'want-record': 'want-record-too-often',
  'want-snapshot': 'want-snapshot-too-often',
  'want-contribution': 'want-contribution-too-often',
  'want-named': 'want-named-too-often',
  hello: 'hello-too-often',
  have: 'have-from-a-stranger',
  named: 'named-too-often',
  snapshot: 'snapshot-unasked',
  piece: 'piece-unasked',
  leave: 'leave-too-often',
  confirm: 'confirm-too-often',
  contribution: 'contribution-by-a-stranger',
  record: 'record-leader-not-a-member',
  join: 'join-signature',
};
const scribbledReasons = [
  'document-foreign-content',
  'document-ahead',
  'peer-message-malformed',
  'peer-message-too-long',
  'peer-message-unknown-kind',
  'awareness-too-long',
  'awareness-malformed',
];

const look = (page: Page) => page.evaluate(() => (globalThis as unknown as InPage).hostile.look());

/** A tab of the same server that is none of our pages, and takes part in the room's run. */
async function openHostile(browser: Browser, { server }: TestSwarm, script: string): Promise<[Page, string]> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/healthz`);
  await page.evaluate(script);
  const address = server.url.replace('http', 'ws');
  await page.evaluate(([r, url]) => (globalThis as unknown as InPage).hostile.watch(r, url), [
    room,
    address,
  ] as const);
  await expect.poll(() => page.evaluate(() => (globalThis as unknown as InPage).hostile.hasRun())).toBe(true);
  const id = await page.evaluate(([url, s]) => (globalThis as unknown as InPage).hostile.join(url, s), [
    address,
    seed,
  ] as const);
  return [page, id];
}

const statusOf = async (tab: VolunteerPage): Promise<VolunteerStatus> => {
  const { volunteer } = await tab.snapshot();
  if (volunteer === undefined) throw new Error('an honest tab does not train');
  return volunteer;
};

/** Waits until every tab has made `more` rounds final, and nobody left it who is honest. */
async function trainOn(tabs: readonly VolunteerPage[], more: number): Promise<void> {
  const from = Math.max(...(await Promise.all(tabs.map(statusOf))).map(({ finalRound }) => finalRound));
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `${more} rounds more to be final after round ${from}`,
        ({ volunteer }) => (volunteer?.finalRound ?? 0) >= from + more && volunteer?.state === 'training',
      ),
    ),
  );
}

/** The same state after every final round, in all tabs. */
async function expectEqualDigests(tabs: readonly VolunteerPage[]): Promise<void> {
  const all = await Promise.all(tabs.map(statusOf));
  const final = Math.min(...all.map(({ finalRound }) => finalRound));
  const states = all.map(({ records }) =>
    records.filter(({ round }) => round <= final).map(({ round, state }) => `${round} ${state}`),
  );
  expect(states[0]?.length).toBe(final);
  for (const others of states) expect(others).toEqual(states[0]);
  expect(new Set(all[0]?.records.map(({ state }) => state)).size).toBe(all[0]?.records.length);
}

/** Each honest tab sees the other two, both connected and members. */
async function expectTogether(tabs: readonly VolunteerPage[]): Promise<void> {
  const all = await Promise.all(tabs.map(statusOf));
  const ids = all.map(({ self }) => self).sort();
  for (const { peers } of all) {
    const together = peers.filter(
      ({ id, member, connected, self }) => ids.includes(id) && member && (connected || self),
    );
    expect(together.map(({ id }) => id).sort()).toEqual(ids);
  }
}

async function expectInStep(tabs: readonly VolunteerPage[]): Promise<void> {
  await expectTogether(tabs);
  await expectEqualDigests(tabs);
  for (const { replicasAgree, epoch } of await Promise.all(tabs.map(statusOf)))
    expect({ replicasAgree, epoch }).toEqual({ replicasAgree: true, epoch: 0 });
}

/** That the refusals table of each page names these reasons, in words. */
async function expectShown(tabs: readonly VolunteerPage[], reasons: readonly string[]): Promise<void> {
  for (const { page } of tabs) {
    const table = page.getByTestId('rejections');
    if ((await table.getAttribute('open')) === null) await table.locator('summary').click();
    const unshown = async (): Promise<string[]> => {
      const rows = await table.locator('tbody tr').allInnerTexts();
      // The reason, perhaps where it was, and how often.
      const isShown = (reason: string) =>
        rows.some((row) => row.startsWith(reasonText(reason)) && /\s[1-9][\d,.\s]*$/.test(row));
      return reasons.filter((reason) => !isShown(reason));
    };
    await expect.poll(unshown).toEqual([]);
  }
}

/** What the document announced, one after the other. */
const otherAndBack = ['this run', 'another run', 'this run'];
const deletedAndBack = [...otherAndBack, 'no run', 'this run'];

const uncounted = (status: VolunteerStatus, reasons: readonly string[]) =>
  reasons.filter((reason) => (status.rejections[reason] ?? 0) === 0);

test(`a member that lies, floods and scribbles is refused, counted and shown, and three tabs train on in step (seed ${seed})`, async ({
  swarm,
  chromium,
}) => {
  test.setTimeout(600_000);
  const honest = await swarm.volunteers(3, { room });
  // The liar is none of those who start the run.
  for (const tab of honest) await tab.until('round 2', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);
  const { run } = (await honest[0].snapshot()).view;
  const [liar, liarId] = await openHostile(
    chromium,
    swarm,
    await bundleForPage('./hostile/in-page.ts', 'hostile'),
  );
  const act = <T>(what: (hostile: typeof Hostile) => T | Promise<T>): Promise<T> =>
    liar.evaluate(`(${String(what)})(globalThis.hostile)`);

  // First it is as good a member as any: let in by a join, counted, leading in its turn.
  await expect.poll(async () => (await look(liar)).isMember, { timeout: 30_000 }).toBe(true);
  const counted = await honest[0]?.until('its contributions to count', ({ volunteer }) =>
    (volunteer?.records ?? []).some(({ contributions }) => contributions === 4),
  );
  expect(counted?.volunteer?.peers.find(({ id }) => id === liarId)).toMatchObject({
    member: true,
    connected: true,
  });
  expect(counted?.volunteer?.rejections).toEqual({});

  // Then it lies after every round, and leads two rounds with two records each.
  let asked = 2;
  await act((hostile) => hostile.startLying(2));
  const stillToCome = async (): Promise<string[]> => {
    const { ledTwice, ended } = await look(liar);
    if (ended !== undefined) throw new Error(`the liar gave up: ${ended}`);
    const told = [...(await act((hostile) => hostile.told())), 'two-records'];
    const open = await Promise.all(honest.map(async (tab) => uncounted(await statusOf(tab), told)));
    // A tab that was behind may have met one of the two only: then the liar leads another round with two.
    if (ledTwice.length >= asked && open.flat().includes('two-records')) {
      asked = ledTwice.length + 1;
      await act((hostile) => hostile.startLying(1));
    }
    return [
      ...open.flat(),
      ...(told.length < 50 ? ['few lies'] : []),
      ...(ledTwice.length < 2 ? ['led'] : []),
    ];
  };
  await expect.poll(stillToCome, { timeout: 180_000 }).toEqual([]);
  await act((hostile) => hostile.stopLying());
  await expectShown(honest, [...(await act((hostile) => hostile.told())), 'two-records']);
  await trainOn(honest, 4);
  await expectInStep(honest);

  // It leaves, for a member that is not heard because it floods would cost the others a deadline; and floods.
  await act((hostile) => hostile.leave());
  for (const tab of honest) await tab.until('three members', ({ volunteer }) => volunteer?.members === 3);
  for (const [kind, reason] of Object.entries(floodedBy) as [Kind, string][]) {
    const counts = () =>
      Promise.all(honest.map(async (tab) => (await statusOf(tab)).rejections[reason] ?? 0));
    const before = await counts();
    const flood = () =>
      liar.evaluate(([k, count]) => (globalThis as unknown as InPage).hostile.flood(k, count), [
        kind,
        floodSize,
      ] as const);
    await flood();
    // While it lasts, and after it, rounds go on.
    await trainOn(honest, 1);
    // What is about a round is neither right nor wrong to a tab for which that round has passed: then it is told of the next one.
    const more = async () => {
      const counted = (await counts()).map((count, tab) => count > (before[tab] ?? 0));
      if (counted.includes(false)) await flood();
      return counted;
    };
    await expect.poll(more, { message: kind, timeout: 60_000 }).toEqual([true, true, true]);
  }
  await expectShown(honest, Object.values(floodedBy));
  await expectInStep(honest);

  // Last it scribbles over the document that announces the run.
  for (const what of ['foreign', 'broken', 'nonsense', 'other run', 'delete'] as const) {
    await liar.evaluate((w) => (globalThis as unknown as InPage).hostile.scribble(w), what);
    if (what === 'nonsense') await expectShown(honest, ['announcement-malformed']);
    // What anyone may write did arrive, and was put right.
    if (what === 'other run' || what === 'delete')
      await expect
        .poll(() => act((hostile) => hostile.configsSeen()), { message: what, timeout: 20_000 })
        .toEqual(what === 'delete' ? deletedAndBack : otherAndBack);
    for (const tab of honest)
      await tab.until(`the run, after ${what}`, ({ view }) => isDeepStrictEqual(view.run, run));
  }
  await expectShown(honest, scribbledReasons);
  await trainOn(honest, 2);
  await expectInStep(honest);
  const newcomer = await swarm.open({ room });
  await newcomer.until(
    'the same run',
    ({ view }) => isDeepStrictEqual(view.run, run) && view.records.length > 0,
  );
  expect(honest.flatMap(({ errors }) => errors)).toEqual([]);
});
