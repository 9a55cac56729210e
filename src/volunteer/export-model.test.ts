import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { presets } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import { parametersOfRound, takenHome } from './export-model.ts';

describe('a model taken home', () => {
  const bytes = (n: number) => Uint8Array.of(n);

  it('is of a round, not of the middle of one: it is read again until its digest is that of the round', async () => {
    const clock = new ManualClock();
    let reads = 0;
    const replica = {
      snapshot: () => Promise.resolve(bytes(++reads)),
      digest: () => Promise.resolve(reads < 3 ? 'between' : 'after 8'),
    };
    const taking = parametersOfRound(
      () => replica,
      (state) => (state === 'after 8' ? 8 : undefined),
      clock,
    );
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      clock.advance(1_000);
    }
    const { at, parameters } = await taking;
    expect(at).toEqual({ round: 8, state: 'after 8' });
    expect(parameters).toEqual(bytes(3));
  });

  it('says so where there is no model', async () => {
    await expect(
      parametersOfRound(
        () => undefined,
        () => undefined,
        new ManualClock(),
      ),
    ).rejects.toThrow('not here');
  });

  it('is one archive, and its files one by one, named for run and round', () => {
    const parameters = new Uint8Array(initialParameters(presets.nano, 1).buffer);
    const origin = {
      ...{ run: 'ab'.repeat(32), round: 40, endRound: undefined, state: 'c'.repeat(32), seed: 1 },
      ...{ corpus: 'd'.repeat(64), trainLoss: undefined, validationLoss: 2 },
    };
    const { archive, files, round } = takenHome(presets.nano, parameters, 'BF16', origin, 1_800_000_000);
    expect(round).toBe(40);
    expect(archive.name).toBe('starling-abababab-round-40-bf16.tar');
    expect(files.map(({ name }) => name)).toContain('model.safetensors');
    const sum = files.reduce((total, { blob }) => total + blob.size, 0);
    expect(archive.blob.size).toBeGreaterThan(sum);
    expect(archive.blob.size).toBeLessThan(sum + 1_024 * (files.length + 1));
  });
});
