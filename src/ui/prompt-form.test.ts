import { describe, expect, it } from 'vitest';
import { fakeVolunteer } from './fake-snapshot.test-data.ts';
import { boundsOf, freshForm, holdsModel, readForm, type PromptForm } from './prompt-form.ts';

const read = (change: Partial<PromptForm>) => readForm({ ...freshForm, ...change }, 99);

describe('the prompt form', () => {
  it('can be sent as it is, with the seed that was drawn', () => {
    expect(read({})).toEqual({
      ok: true,
      request: { prompt: 'The ', length: 200, temperature: 0.7, topK: 40, topP: 1, stop: '', seed: 99 },
    });
  });

  it('reads numbers with a comma and spaces, a seed of one’s own, and \\n as a new line', () => {
    expect(read({ temperature: ' 0,5 ', topP: '.9', seed: '7', stop: '\\n\\n' })).toMatchObject({
      request: { temperature: 0.5, topP: 0.9, seed: 7, stop: '\n\n' },
    });
  });

  it('names the field that is wrong, the first of several', () => {
    const wrong: [Partial<PromptForm>, keyof PromptForm][] = [
      [{ prompt: '' }, 'prompt'],
      [{ prompt: 'x'.repeat(20_001) }, 'prompt'],
      [{ stop: 'x'.repeat(201) }, 'stop'],
      [{ length: '0' }, 'length'],
      [{ length: '2.5' }, 'length'],
      [{ length: '5000' }, 'length'],
      [{ temperature: '-1' }, 'temperature'],
      [{ temperature: 'hot' }, 'temperature'],
      [{ temperature: '1e3' }, 'temperature'],
      [{ topP: '0' }, 'topP'],
      [{ topP: '1.1' }, 'topP'],
      [{ topK: '' }, 'topK'],
      [{ seed: '4294967296' }, 'seed'],
      [{ seed: 'x', length: '' }, 'length'],
    ];
    for (const [change, field] of wrong) expect(read(change)).toEqual({ ok: false, field });
  });

  it('knows between which a number may lie', () => {
    expect(boundsOf('temperature')).toEqual(['0', '5']);
    expect(boundsOf('stop')).toBeUndefined();
  });

  it('works while this tab holds a model: training, paused and when all is over', () => {
    const holds = (state: ReturnType<typeof fakeVolunteer>['state'], stateDigest?: string): boolean =>
      holdsModel(fakeVolunteer({ state, stateDigest }));
    for (const state of ['training', 'paused', 'finished', 'waiting'] as const)
      expect(holds(state, 'ab')).toBe(true);
    for (const state of ['starting', 'catching-up', 'left', 'failed'] as const)
      expect(holds(state, 'ab')).toBe(false);
    expect(holds('waiting')).toBe(false);
    expect(holdsModel(undefined)).toBe(false);
  });
});
