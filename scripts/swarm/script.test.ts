import { expect, test } from 'vitest';
import { type Candidate, choose, Cues, findScript, scriptNames } from './script.ts';

const candidate = (number: number, more: Partial<Candidate> = {}): Candidate => ({
  number,
  leads: false,
  touched: false,
  ...more,
});

test('churn is a latecomer at 30, a closed leader at 50, a reload at 70 and a wordless end at 90', () => {
  expect(findScript('churn', 3, 120).steps).toEqual([
    { round: 30, action: 'join' },
    { round: 50, action: 'close-leader' },
    { round: 70, action: 'reload' },
    { round: 90, action: 'kill' },
  ]);
});

test('an unknown script is refused with the list of known ones', () => {
  expect(() => findScript('chrun', 3, 120)).toThrow('There is no script "chrun". Known scripts: churn.');
  expect(() => findScript('toString', 3, 120)).toThrow(/no script/);
  expect(scriptNames).toEqual(['churn']);
});

test('a run too small for its script is refused before it starts', () => {
  expect(() => findScript('churn', 2, 120)).toThrow(/at least 3 volunteers/);
  expect(() => findScript('churn', 3, 99)).toThrow(/100 rounds/);
});

test('every script has its steps in the order of their rounds, all before its fewest rounds', () => {
  for (const name of scriptNames) {
    const { steps, fewestRounds } = findScript(name, 16, 1_000_000);
    const rounds = steps.map(({ round }) => round);
    expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
    expect(Math.max(...rounds)).toBeLessThan(fewestRounds);
  }
});

test('a step is due from its round on, and once only', () => {
  const cues = new Cues(findScript('churn', 3, 120).steps);
  expect(cues.due(29)).toBeUndefined();
  expect(cues.due(30)?.action).toBe('join');
  expect(cues.due(31)?.action).toBe('join');
  cues.done();
  expect(cues.due(31)).toBeUndefined();
  expect(cues.left).toBe(3);
});

test('steps that a long look has passed over come one after another, in order', () => {
  const cues = new Cues(findScript('churn', 3, 120).steps);
  const done: string[] = [];
  for (let step = cues.due(95); step !== undefined; step = cues.due(95)) {
    done.push(step.action);
    cues.done();
  }
  expect(done).toEqual(['join', 'close-leader', 'reload', 'kill']);
});

test('the closed tab is the leader, and between two leaders nobody', () => {
  const step = { round: 50, action: 'close-leader' } as const;
  expect(choose(step, [candidate(1), candidate(2, { leads: true })], 1)?.number).toBe(2);
  expect(choose(step, [candidate(1), candidate(2)], 1)).toBeUndefined();
});

test('who is reloaded or killed is drawn by the seed, whatever the order, from those no step has fallen on', () => {
  const step = { round: 70, action: 'reload' } as const;
  const candidates = [candidate(1), candidate(2), candidate(3), candidate(4, { touched: true })];
  const drawn = new Set<number | undefined>();
  for (let seed = 0; seed < 50; seed++) {
    const number = choose(step, candidates, seed)?.number;
    expect(choose(step, [...candidates].reverse(), seed)?.number).toBe(number);
    drawn.add(number);
  }
  expect([...drawn].sort()).toEqual([1, 2, 3]);
});

test('where a step has fallen on everybody, it falls on somebody again; on nobody where nobody is left', () => {
  const step = { round: 90, action: 'kill' } as const;
  expect(choose(step, [candidate(2, { touched: true })], 7)?.number).toBe(2);
  expect(choose(step, [], 7)).toBeUndefined();
});
