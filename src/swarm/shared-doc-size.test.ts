import { describe, expect, it } from 'vitest';
import { encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { ManualClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { documentLimitBytes } from './announcements.ts';
import { DocumentNetwork, idOf, presenceOf, recordOf } from './shared-doc-network.test-data.ts';
import { fuzzRounds } from '../testing/long.ts';
import { SharedDoc } from './shared-doc-state.ts';
import { SharedRooms } from './shared-doc-rooms.ts';

const seed = 5;
const memberCount = 64;
const config = 'c'.repeat(1_200);

/** One document as a swarm that hears everything writes it: each write is another client's. Records of `rounds`. */
class Writers {
  readonly shared = new SharedDoc();
  readonly random: SeededRandom;
  clients: number[];
  everWrote = new Set<number>();

  constructor(random: SeededRandom) {
    this.random = random;
    this.clients = Array.from({ length: memberCount }, () => this.#fresh());
  }

  #fresh(): number {
    return this.random.below(2 ** 32);
  }

  /** Every tenth round a member leaves and another comes, as another client. */
  turn(round: number): number {
    if (round % 10 === 0) this.clients[this.random.below(memberCount)] = this.#fresh();
    const leader = this.random.below(memberCount);
    const client = this.clients[leader] ?? 0;
    this.everWrote.add(client);
    this.shared.doc.clientID = client;
    return leader;
  }

  write(round: number): void {
    const leader = idOf(this.turn(round));
    this.shared.announceRecords(recordOf(round, { leader }));
    if (round % 20 === 0) this.shared.announceSample({ round, text: 'x'.repeat(500), by: leader });
  }
}

describe('the size of the document', () => {
  it('stays below 128 KiB in one room for 10,000 rounds of 64 members who come and go (seed 5)', () => {
    const writers = new Writers(new SeededRandom(seed));
    const { shared } = writers;
    shared.announceConfig(config);
    let largest = 0;
    for (let round = 1; round <= 10_000; round++) {
      writers.write(round);
      if (round % 64 > 62) largest = Math.max(largest, shared.encodedBytes());
    }
    const bytes = Y.encodeStateAsUpdate(shared.doc).length;
    const stateVector = Y.encodeStateVector(shared.doc).length;
    const deleted = [...Y.createDeleteSetFromStructStore(shared.doc.store).clients.values()].flat().length;
    const clients = shared.doc.store.clients.size;
    console.log(
      `one room, 10,000 rounds, seed ${seed}: at most ${largest} bytes, at the end ${bytes} (state vector ${stateVector}; ` +
        `${clients} clients, ${deleted} deleted ranges)`,
    );
    expect(Math.max(largest, bytes)).toBeLessThan(documentLimitBytes);
    expect(clients).toBe(writers.everWrote.size + 1); // and the starter
    expect(clients).toBeGreaterThan(500);
    expect(shared.view().rejections).toEqual({});
    const newcomer = new SharedDoc();
    Y.applyUpdate(newcomer.doc, Y.encodeStateAsUpdate(shared.doc));
    expect(newcomer.view().records).toEqual(shared.view().records);
  });

  it('is smaller still with a fresh room every 1,000 rounds, and what stays behind hardly grows (seed 5)', async () => {
    const random = new SeededRandom(seed);
    const clock = new ManualClock();
    const network = new DocumentNetwork(clock);
    // Three tabs that hear each other, and each writes for a third of the members.
    const enter = () => SharedRooms.open({ room: 'room', open: network.tab(), clock });
    const tabs = [await enter(), await enter(), await enter()] as const;
    await network.settle();
    tabs[0].announceConfig(config);
    const rounds = Math.min(10_000, fuzzRounds(2_500));
    let largest = 0;
    for (let round = 1; round <= rounds; round++) {
      const leader = random.below(memberCount);
      for (const tab of tabs) tab.passRound(round);
      const room = tabs[leader % 3] ?? tabs[0];
      const epoch = room.view().epoch;
      const documents = [...network.tabsIn('room'), ...network.tabsIn(`room/${epoch}`)];
      for (const { doc } of documents) if (round % 10 === 0) doc.clientID = random.below(2 ** 32);
      room.announceRecords(recordOf(round, { leader: idOf(leader) }));
      if (round % 20 === 0) room.announceSample({ round, text: 'x'.repeat(500), by: idOf(leader) });
      await network.settle();
      clock.advance(1_000);
      if (round % 100 > 98) largest = Math.max(largest, room.view().documentBytes);
    }
    clock.advance(60_000);
    await network.settle();
    const base = network.tabsIn('room')[0]?.encodedBytes() ?? Infinity;
    console.log(
      `rooms of 1,000, ${rounds} rounds, seed ${seed}: at most ${largest} bytes; where all meet ${base}`,
    );
    expect(largest).toBeLessThan(documentLimitBytes);
    expect(base).toBeLessThan(documentLimitBytes / 8);
    expect(tabs.map((tab) => tab.view().epoch)).toEqual(tabs.map(() => Math.floor(rounds / 1_000)));
    expect(tabs[2].view().rejections).toEqual({});
  });

  it('of 64 members’ presences is far below what one message may be', () => {
    const shared = new SharedDoc();
    const { awareness } = shared;
    for (let i = 0; i < memberCount; i++) {
      awareness.states.set(i, { starling: presenceOf(idOf(i), { adapter: 'x'.repeat(120) }) });
      awareness.meta.set(i, { clock: 1_000, lastUpdated: 0 });
    }
    const bytes = encodeAwarenessUpdate(awareness, [...awareness.states.keys()]).length;
    console.log(`presences of ${memberCount} members: ${bytes} bytes`);
    expect(bytes).toBeLessThan(documentLimitBytes / 4);
    shared.doc.destroy();
  });
});
