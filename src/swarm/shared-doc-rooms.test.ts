import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { DocumentNetwork, idOf, presenceOf, recordOf } from './shared-doc-network.test-data.ts';
import { SharedRooms } from './shared-doc-rooms.ts';
import { rootName } from './shared-doc-shape.ts';

const config = '{"a":"run"}';

function build() {
  const clock = new ManualClock();
  const network = new DocumentNetwork(clock);
  const enter = async (roundsPerEpoch = 100): Promise<SharedRooms> => {
    const rooms = await SharedRooms.open({ room: 'room', open: network.tab(), clock, roundsPerEpoch });
    await network.settle();
    return rooms;
  };
  /** Rounds, one a second, led in turn. */
  const train = async (members: readonly SharedRooms[], from: number, to: number): Promise<void> => {
    for (let round = from; round <= to; round++) {
      for (const member of members) member.passRound(round);
      const leader = round % members.length;
      members[leader]?.announceRecords(recordOf(round, { leader: idOf(leader) }));
      if (round % 20 === 0)
        members[leader]?.announceSample({ round, text: `text of ${round}`, by: idOf(leader) });
      await network.settle();
      clock.advance(1_000);
      await network.settle();
    }
  };
  return { clock, network, enter, train };
}

describe('the rooms of a run', () => {
  it('take turns: members and viewers move when the run passes a boundary, and the old room is left', async () => {
    const { clock, network, enter, train } = build();
    const members = [await enter(), await enter(), await enter()];
    const viewer = await enter();
    members[0]?.announceConfig(config);
    members.forEach((member, i) => member.setPresence(presenceOf(idOf(i))));
    await train(members, 1, 350);
    for (const tab of [...members, viewer]) {
      const view = tab.view();
      expect(view).toMatchObject({ epoch: 3, config, rejections: {} });
      expect(view.records.map(({ round }) => round)).toEqual([343, 344, 345, 346, 347, 348, 349, 350]);
      expect(view.curve.at(0)?.round).toBeLessThan(10);
      expect(view.sample?.text).toBe('text of 340');
      expect(view.presences.map(({ id }) => id).sort()).toEqual([idOf(0), idOf(1), idOf(2)]);
    }
    clock.advance(60_000);
    await network.settle();
    const tabs = ['room', 'room/1', 'room/2', 'room/3'].map((room) => network.tabsIn(room).length);
    expect(tabs).toEqual([4, 0, 0, 4]);
    // Where everyone meets, little is left.
    expect(network.tabsIn('room')[0]?.view()).toMatchObject({ config, epoch: 3, records: [], curve: [] });
  });

  it('lead a latecomer from the room where all meet to where the run is', async () => {
    const { clock, network, enter, train } = build();
    const members = [await enter(), await enter()];
    members[0]?.announceConfig(config);
    await train(members, 1, 260);
    const late = await enter();
    await network.settle();
    expect(late.view()).toMatchObject({ epoch: 2, config, sample: { round: 260 } });
    expect(late.view().curve.length).toBeGreaterThan(100);
    late.passRound(260);
    await train([...members, late], 261, 330);
    expect(late.view().epoch).toBe(3);
    expect(late.view().records.some(({ leader }) => leader === idOf(2))).toBe(true);
    await late.close();
    clock.advance(70_000);
    await network.settle();
    expect(['room', 'room/2', 'room/3'].map((room) => network.tabsIn(room).length)).toEqual([2, 0, 2]);
  });

  it('are not entered because a stranger names them, and members name the right one again', async () => {
    const { clock, network, enter, train } = build();
    const members = [await enter(), await enter()];
    const viewer = await enter();
    members[0]?.announceConfig(config);
    await train(members, 1, 120);
    expect(viewer.view().epoch).toBe(1);
    const stranger = await network.tab()('room');
    await network.settle();
    stranger.shared.announceEpoch(999_999);
    await network.settle();
    const pointer = () => network.tabsIn('room')[0]?.view().epoch;
    expect([pointer(), viewer.view().epoch, members[0]?.view().epoch]).toEqual([999_999, 1, 1]);
    await train(members, 121, 121);
    expect([pointer(), viewer.view().epoch]).toEqual([1, 1]);
    // Nobody corrects it now: the room is refused for want of the run.
    stranger.shared.announceEpoch(999_999);
    await network.settle();
    clock.advance(21_000);
    await network.settle();
    expect(viewer.view()).toMatchObject({ epoch: 1, rejections: { 'epoch-without-run': 1 } });
    expect(network.tabsIn('room/999999')).toHaveLength(0);
    expect(viewer.view().records.at(-1)?.round).toBe(121);
  });

  it('show nothing of rounds that the room cannot have', async () => {
    const { network, enter, train } = build();
    const [member, viewer] = [await enter(), await enter()];
    member.announceConfig(config);
    await train([member], 1, 20);
    const stranger = await network.tab()('room');
    await network.settle();
    stranger.shared.announceRecords(recordOf(900_000_000, { train: 5, validation: 5 }));
    await network.settle();
    expect(viewer.view().curve.at(-1)?.round).toBe(20);
    expect(viewer.view().rejections['announcement-of-far-round']).toBe(2);
    // A member takes it out.
    expect(member.uphold(config, { records: [recordOf(20)], curve: [] })).toBe(true);
    await network.settle();
    expect(viewer.view().rejections).toEqual({});
    expect(viewer.view().records.at(-1)?.round).toBe(20);
  });

  it('begin anew with another run', async () => {
    const { clock, network, enter, train } = build();
    const [member, viewer] = [await enter(), await enter()];
    member.announceConfig(config);
    await train([member], 1, 120);
    member.passRound(undefined);
    member.announceConfig('{"another":"run"}');
    await network.settle();
    clock.advance(1_000);
    await network.settle();
    for (const tab of [member, viewer])
      expect(tab.view()).toMatchObject({ epoch: 0, config: '{"another":"run"}', records: [], curve: [] });
  });

  it('keep the run when a stranger empties them, because members put it back', async () => {
    const { network, enter, train } = build();
    const members = [await enter(), await enter()];
    const viewer = await enter();
    members[0]?.announceConfig(config);
    await train(members, 1, 130);
    const known = { records: members[0]?.view().records ?? [], curve: members[0]?.view().curve ?? [] };
    const open = network.tab();
    const [base, here] = [await open('room'), await open('room/1')];
    await network.settle();
    for (const { shared } of [base, here])
      for (const key of ['config', 'page', 'epoch']) shared.doc.getMap(rootName).delete(key);
    await network.settle();
    expect(viewer.view()).toMatchObject({ config: undefined });
    expect(members[1]?.uphold(config, known)).toBe(true);
    await network.settle();
    expect(viewer.view()).toMatchObject({ config, epoch: 1, records: known.records });
    expect(viewer.view().curve.map(({ round }) => round)).toEqual(known.curve.map(({ round }) => round));
    expect(members[0]?.uphold(config, known)).toBe(false);
    await train(members, 131, 131);
    expect(viewer.view().records.at(-1)?.round).toBe(131);
  });
});
