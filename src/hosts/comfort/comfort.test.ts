import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../base/clock.ts';
import { usualComfort } from '../../volunteer/comfort.ts';
import { Comfort, type ComfortOptions } from './comfort.ts';
import { FakeSurroundings } from './fake-surroundings.test-data.ts';

type Said = NonNullable<Parameters<Comfort['saw']>[0]>;
type Asked = Parameters<ComfortOptions['keepTo']>[0];

const gpu = { vendor: '', architecture: '', device: '', description: '', name: 'a GPU', software: false };
const f32 = { precision: 'f32', reason: 'It is faster here.' } as const;

function tab(surroundings = new FakeSurroundings(), clock = new ManualClock()) {
  const asked: Asked[] = [];
  const comfort = new Comfort({
    ...{ surroundings, clock },
    keepTo: (one) => asked.push(one),
    changed: () => undefined,
  });
  let said: Said = {
    ...{ state: 'training', adapter: gpu, roundsTrained: 0, tokensPerSecond: 1_000, gpuMsPerToken: 1 },
    ...{ bytesUp: 0, bytesDown: 0, textBytes: 0, preset: 'nano', precision: undefined },
  };
  const says = (more: Partial<Said>): void => {
    said = { ...said, ...more };
    comfort.saw(said);
  };
  const trains = (rounds: number, more: Partial<Said> = {}): void => {
    for (let round = 0; round < rounds; round++) {
      clock.advance(2_000);
      says({ ...more, roundsTrained: said.roundsTrained + 1 });
    }
  };
  says({});
  return { surroundings, clock, comfort, asked, says, trains };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

describe('a tab that is a good guest', () => {
  it('keeps the share across visits, and tells the volunteer at once', () => {
    const { comfort, asked, surroundings } = tab();
    comfort.set({ share: 0.25 });
    expect(asked).toEqual([{ share: 0.25, hold: undefined }]);
    expect(tab(surroundings).comfort.asked.share).toBe(0.25);
    comfort.set({ share: Number.NaN });
    expect(comfort.view().settings.share).toBe(usualComfort.share);
  });

  it('pauses on battery without being told of it again, and runs anyway when asked to', () => {
    const { comfort, asked, surroundings, clock } = tab();
    surroundings.change({ battery: { charging: false, level: 0.8 } });
    clock.advance(10_000);
    expect(asked).toEqual([{ share: usualComfort.share, hold: 'unplugged' }]);
    expect(comfort.view()).toMatchObject({ pausedBy: 'unplugged', isClearing: false });
    comfort.runAnyway();
    expect(asked.at(-1)).toEqual({ share: usualComfort.share, hold: undefined });
    expect(comfort.view().overridden).toEqual(['unplugged']);
  });

  it('slows down while nobody looks, and only then', () => {
    const { comfort, asked, surroundings } = tab();
    comfort.set({ background: 'slow', share: 0.6 });
    surroundings.change({ hidden: true });
    expect(asked.at(-1)).toEqual({ share: 0.25, hold: undefined });
    surroundings.change({ hidden: false });
    expect(asked.at(-1)).toEqual({ share: 0.6, hold: undefined });
  });

  it('counts the bytes of the day over visits and tabs, and pauses at the limit until the next day', () => {
    const one = tab();
    one.comfort.set({ dataCapBytes: 1_000 });
    one.says({ bytesUp: 200, bytesDown: 100, textBytes: 100 });
    const other = tab(one.surroundings, one.clock);
    one.clock.advance(20_000);
    one.says({});
    other.says({ bytesDown: 500 });
    other.clock.advance(20_000);
    expect(other.comfort.view().dayBytes).toBe(900);
    one.says({ bytesDown: 200 });
    one.clock.advance(20_000);
    expect(one.comfort.view()).toMatchObject({ dayBytes: 1_000, pausedBy: 'data-cap' });
    one.surroundings.day = '2026-11-24';
    one.clock.advance(65_000);
    expect(one.comfort.view()).toMatchObject({ dayBytes: 0, pausedBy: undefined });
    one.says({ bytesDown: 250 });
    expect(one.comfort.view().dayBytes).toBe(50);
  });

  it('counts a volunteer that joins anew from nothing, and a meter that others wrote nonsense into too', () => {
    const { comfort, says, surroundings } = tab();
    says({ bytesUp: 500 });
    says({ bytesUp: 30 });
    expect(comfort.view().dayBytes).toBe(530);
    for (const nonsense of ['', '{', '7', '{"day":"2026-11-23","bytes":-4}', '{"day":5}']) {
      surroundings.kept.set('starling-data-today', nonsense);
      expect(tab(surroundings).comfort.view().dayBytes).toBe(0);
    }
  });

  it('writes nothing where nothing was counted, so that what was deleted stays deleted', () => {
    const { comfort, says, surroundings, clock } = tab();
    clock.advance(30_000);
    expect(surroundings.kept.has('starling-data-today')).toBe(false);
    says({ bytesUp: 500 });
    clock.advance(20_000);
    expect(surroundings.kept.get('starling-data-today')).toContain('500');
    surroundings.kept.clear();
    clock.advance(20_000);
    surroundings.day = '2026-11-24';
    clock.advance(20_000);
    comfort.close();
    expect([surroundings.kept.size, comfort.view().dayBytes]).toEqual([0, 0]);
  });

  it('guesses heat from steps that became slower and stay it, and looks anew after cooling', () => {
    const { comfort, trains, clock } = tab();
    trains(40);
    trains(40, { gpuMsPerToken: 1.2 });
    expect(comfort.view().pausedBy).toBeUndefined();
    trains(45, { gpuMsPerToken: 2 });
    expect(comfort.view().pausedBy).toBe('heat');
    clock.advance(190_000);
    expect(comfort.view().pausedBy).toBeUndefined();
    trains(40, { gpuMsPerToken: 1 });
    expect(comfort.view().pausedBy).toBeUndefined();
  });

  it('does not take a larger model, another precision or another run for heat', () => {
    const { comfort, trains, says } = tab();
    trains(40);
    trains(60, { preset: 'micro', gpuMsPerToken: 4 });
    expect(comfort.view().pausedBy).toBeUndefined();
    trains(60, { precision: f32, gpuMsPerToken: 8 });
    expect(comfort.view().pausedBy).toBeUndefined();
    says({ state: 'starting', roundsTrained: 0 });
    trains(60, { gpuMsPerToken: 16 });
    expect(comfort.view().pausedBy).toBeUndefined();
    trains(60, { gpuMsPerToken: 32 });
    expect(comfort.view().pausedBy).toBe('heat');
  });

  it('does not take another share, or a CPU that stands in for a GPU, for heat', () => {
    const { comfort, trains } = tab();
    trains(40);
    comfort.set({ share: 0.25 });
    trains(60, { gpuMsPerToken: 3 });
    expect(comfort.view().pausedBy).toBeUndefined();
    const slow = tab();
    slow.trains(40, { adapter: { ...gpu, software: true } });
    slow.trains(60, { gpuMsPerToken: 4 });
    expect(slow.comfort.view().pausedBy).toBeUndefined();
  });

  it('measures speed in front and hidden apart, and leaves out the rounds in between', () => {
    const { comfort, trains, surroundings } = tab();
    trains(4, { tokensPerSecond: 900 });
    surroundings.change({ hidden: true });
    trains(1, { tokensPerSecond: 500 });
    trains(3, { tokensPerSecond: 300 });
    expect(comfort.view().speed).toEqual({ front: 900, hidden: 300 });
    comfort.set({ background: 'slow' });
    trains(2, { tokensPerSecond: 200 });
    expect(comfort.view().speed).toEqual({ front: undefined, hidden: 200 });
  });

  it('keeps the screen on while it trains and is looked at, and takes it again after it was hidden', async () => {
    const { comfort, surroundings, says } = tab();
    comfort.set({ keepAwake: true });
    await settled();
    expect([surroundings.locks, comfort.view().awake]).toEqual([1, 'on']);
    surroundings.takeBack();
    surroundings.change({ hidden: true });
    await settled();
    expect([surroundings.locks, comfort.view().awake]).toEqual([0, 'off']);
    surroundings.change({ hidden: false });
    await settled();
    expect(surroundings.locks).toBe(1);
    says({ state: 'paused' });
    expect([surroundings.locks, comfort.view().awake]).toEqual([0, 'off']);
    says({ state: 'training' });
    await settled();
    comfort.close();
    expect(surroundings.locks).toBe(0);
  });

  it('says that the screen cannot be kept on where the browser refuses, and does not ask on and on', async () => {
    const surroundings = new FakeSurroundings();
    surroundings.refusesLock = true;
    const { comfort, says, clock } = tab(surroundings);
    comfort.set({ keepAwake: true });
    await settled();
    expect(comfort.view().awake).toBe('refused');
    surroundings.refusesLock = false;
    says({});
    clock.advance(60_000);
    await settled();
    expect(surroundings.locks).toBe(0);
    surroundings.change({ hidden: true });
    surroundings.change({ hidden: false });
    await settled();
    expect(comfort.view().awake).toBe('on');
  });

  it('looks at nothing any more once it is closed', () => {
    const { comfort, asked, surroundings, clock } = tab();
    comfort.close();
    surroundings.change({ metered: true });
    clock.advance(60_000);
    expect(asked).toEqual([]);
  });
});
