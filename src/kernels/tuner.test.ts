import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../testing/fake-machine.ts';
import { borrowed, undecided } from './choices.ts';
import { tune, type Family } from './tuner.ts';

/** One visit to that machine. */
const visit = (
  machine: FakeMachine,
  choices: Map<string, string>,
  families: readonly Family[],
  budgetMs: number,
) => tune(choices, families, { clock: machine.clock, budgetMs });

describe('the tuner', () => {
  it('notes the variant it measured fastest, whichever that is, and frees what it ran on', async () => {
    for (const fastest of ['a', 'b', 'c']) {
      const machine = new FakeMachine();
      const times = Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [name, { ms: name === fastest ? 5 : 7 }]),
      );
      const family = machine.family(1, machine.contest('op', times));
      const choices = new Map<string, string>();
      const trials = await visit(machine, choices, [family], 10_000);
      expect([...choices]).toEqual([['op', fastest]]);
      expect(trials.map(({ variant, ms }) => [variant, ms])).toEqual(
        ['a', 'b', 'c'].map((name) => [name, name === fastest ? 5 : 7]),
      );
      expect(family.freed).toBe(1);
    }
  });

  it('goes by the best of several turns, and counts a share of what compiling costs', async () => {
    const machine = new FakeMachine();
    const choices = new Map<string, string>();
    const steady = machine.contest('steady', { slow: { ms: 5 }, hiccup: { ms: [19, 6, 4, 4] } });
    const close = machine.contest('close', { dear: { ms: 5, compileMs: 1_000 }, cheap: { ms: 6 } });
    await visit(machine, choices, [machine.family(1, steady, close)], 60_000);
    expect(choices.get('steady')).toBe('hiccup');
    expect(choices.get('close')).toBe('cheap'); // 5 ms and 1000 / 500
  });

  it.each([0.1, 1, 4, 12, 50])(
    'finds the fastest where a submit costs %d ms, wherever it stands, and drops none for that cost',
    async (perSubmit) => {
      const fakes = { a: { ms: 0.9 }, b: { ms: 0.4 }, c: { ms: 0.6 } };
      for (const order of ['abc', 'bca', 'cab']) {
        const machine = new FakeMachine(perSubmit);
        const choices = new Map<string, string>();
        const inOrder = Object.fromEntries([...order].map((name) => [name, fakes[name as 'a' | 'b' | 'c']]));
        const contests = [machine.contest('one', inOrder), machine.contest('two', inOrder)];
        await visit(machine, choices, [machine.family(1, ...contests)], 10_000);
        expect([...choices], order).toEqual([
          ['one', 'b'],
          ['two', 'b'],
        ]);
        expect(machine.asked, order).toEqual(
          ['one', 'two'].flatMap((key) => [...order].map((name) => `${key} ${name}`)),
        );
      }
    },
  );

  it('does not compare a run that shares a submit with one that has its own, where the time ends between', async () => {
    // Alone: 9.6 and 9.2 ms a run, twice each; the time ends within the first turn of submits that are shared.
    const machine = new FakeMachine(8);
    const choices = new Map<string, string>();
    const contest = machine.contest('op', { first: { ms: 1.6 }, faster: { ms: 1.2 } });
    await visit(machine, choices, [machine.family(1, contest)], 55);
    expect([...choices]).toEqual([['op', 'faster']]);
  });

  it('lets the first winner stand for others of its like unless there is time to measure them', async () => {
    const machine = new FakeMachine();
    const large = machine.contest('large', { a: { ms: 10 }, b: { ms: 20 } }, ['small', 'smaller']);
    const small = machine.contest('small', { a: { ms: 30 }, b: { ms: 20 } });
    const smaller = machine.contest('smaller', { a: { ms: 30 }, b: { ms: 20 } });
    const choices = new Map<string, string>();
    // Time for the first two: 2 x 3 turns of 10 and 20, and as much again.
    await visit(machine, choices, [machine.family(1, large, small, smaller)], 150);
    expect(Object.fromEntries(choices)).toMatchObject({ large: 'a', small: 'b', smaller: 'a' });
    expect(undecided(choices, [large, small, smaller])).toEqual([]);
  });

  it('measures what borrowed its winner once there is time, after all that has none, and ends', async () => {
    const machine = new FakeMachine();
    const fakes = { a: { ms: 60 }, b: { ms: 70 }, c: { ms: 80 }, hopeless: { ms: 190 } };
    const large = machine.contest('large', fakes, ['small']);
    const small = machine.contest('small', { ...fakes, c: { ms: 50 } });
    const alone = machine.contest('alone', { a: { ms: 40 }, b: { ms: 60 } });
    const contests = [large, small, alone];
    const choices = new Map<string, string>();
    const next = () => visit(machine, choices, [machine.family(1, ...contests)], 1_000);
    await next();
    expect(Object.fromEntries(choices)).toEqual({
      large: 'a',
      small: 'a',
      'small#borrowed': 'b,c',
      alone: 'a',
    });
    expect(undecided(choices, contests)).toEqual([]);
    expect(borrowed(choices, contests)).toEqual([small]);
    machine.asked.length = 0;
    await next();
    expect(machine.asked).toEqual(['small a', 'small b', 'small c']);
    expect([...choices].sort()).toEqual([
      ['alone', 'a'],
      ['large', 'a'],
      ['small', 'c'],
    ]);
    expect(await next()).toEqual([]);
  });

  it('goes on at each visit where it ended in what was borrowed, and takes no winner over twice', async () => {
    const machine = new FakeMachine();
    const fakes = { a: { ms: 50 }, b: { ms: 60 }, c: { ms: 70 }, d: { ms: 80 } };
    const large = machine.contest('large', fakes, ['small']);
    const small = machine.contest('small', { ...fakes, b: { ms: 40 } });
    const choices = new Map([
      ['large', 'a'],
      ['small', 'a'],
      ['small#borrowed', 'b,c,d'],
    ]);
    const states: (string | undefined)[] = [];
    for (let count = 0; count < 4; count++) {
      await visit(machine, choices, [machine.family(1, large, small)], 1);
      states.push(choices.get('small'), choices.get('small#borrowed'));
    }
    expect(states).toEqual(['b', 'c,d', 'b', 'd', 'b', undefined, 'b', undefined]);
  });

  it('ends with what is borrowed also where compilers take longer than a visit', async () => {
    const machine = new FakeMachine();
    const slow = (ms: number) => ({ ms, compileMs: 900 });
    const small = machine.contest('small', {
      a: slow(50),
      b: slow(40),
      c: { ms: 45, compileMs: 300 },
      d: slow(1),
    });
    const choices = new Map([
      ['small', 'a'],
      ['small#borrowed', 'b,c,d'],
    ]);
    const states: (string | undefined)[] = [];
    for (let count = 0; count < 4; count++) {
      await tune(choices, [machine.family(1, small)], {
        clock: machine.clock,
        budgetMs: 500,
        compileMs: 600,
      });
      states.push(choices.get('small'), choices.get('small#borrowed'));
    }
    expect(states).toEqual(['a', 'c,d', 'c', 'd', 'c', undefined, 'c', undefined]);
    expect(machine.asked.filter((asked) => asked.endsWith('up'))).toEqual([
      'small b given up',
      'small d given up',
    ]);
  });

  it('leaves a family alone that cannot be prepared, says why, and goes on with the others', async () => {
    const machine = new FakeMachine();
    const fakes = { a: { ms: 1 }, b: { ms: 2 } };
    const broken = machine.family(5, machine.contest('broken', fakes), machine.contest('decided', fakes));
    broken.prepare = () => Promise.reject(new Error('no memory'));
    const choices = new Map([['decided', 'b']]);
    const trials = await visit(
      machine,
      choices,
      [broken, machine.family(1, machine.contest('op', fakes))],
      1_000,
    );
    expect(Object.fromEntries(choices)).toEqual({ decided: 'b', op: 'a' });
    expect(trials.filter(({ problem }) => problem !== undefined)).toEqual([
      { key: 'broken', variant: 'a', ms: Infinity, problem: 'no memory', isSkipped: true },
    ]);
    expect(broken.freed).toBe(1);
  });

  it('tries what is far behind in one contest in no other of the family, but for what suits only some', async () => {
    const machine = new FakeMachine();
    const times = { a: { ms: 1 }, b: { ms: 40 }, c: { ms: 50, isParticular: true } } as const;
    const contests = [machine.contest('one', times), machine.contest('two', times)];
    const other = machine.family(1, machine.contest('three', times));
    await visit(machine, new Map(), [machine.family(1, ...contests), other], 100_000);
    expect(machine.asked).toEqual([
      'one a',
      'one b',
      'one c',
      'two a',
      'two c',
      'three a',
      'three b',
      'three c',
    ]);
  });

  it('begins nothing once its time is over', async () => {
    const machine = new FakeMachine();
    const choices = new Map<string, string>();
    const family = machine.family(1, machine.contest('op', { a: { ms: 1 } }));
    expect(await visit(machine, choices, [family], 0)).toEqual([]);
    expect([machine.asked, choices.size, family.freed]).toEqual([[], 0, 1]);
  });

  it('gives each family its part of the time, and what is left over to those cut short', async () => {
    const fakes = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`v${n}`, { ms: 50 }]));
    const machine = new FakeMachine();
    const products = machine.family(9, machine.contest('products', fakes));
    const quick = machine.family(1, machine.contest('quick', { a: { ms: 1 }, b: { ms: 2 } }));
    const choices = new Map<string, string>();
    await visit(machine, choices, [products, quick], 2_000);
    // 82 % of two seconds reach nine of 100 ms and their turns, and leave both families decided.
    expect(choices.get('quick')).toBe('a');
    expect(choices.has('products')).toBe(true);
    const short = new FakeMachine();
    const cut = new Map<string, string>();
    await visit(
      short,
      cut,
      [
        short.family(9, short.contest('products', fakes)),
        short.family(1, short.contest('quick', { a: { ms: 1 } })),
      ],
      300,
    );
    expect(cut.get('quick')).toBe('a');
    expect(short.asked.indexOf('quick a')).toBeGreaterThan(3);
    expect(cut.get('products#left')).toContain('v8');
  });

  it('gives those that lead a part each of the time of their family', async () => {
    const machine = new FakeMachine();
    const fakes = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`v${n}`, { ms: 50 }]));
    const leading = ['one', 'two', 'three'].map((key) => ({ ...machine.contest(key, fakes), leads: true }));
    const choices = new Map<string, string>();
    await visit(machine, choices, [machine.family(1, ...leading, machine.contest('last', fakes))], 1_200);
    const tried = (key: string) => machine.asked.filter((asked) => asked.startsWith(key)).length;
    for (const key of ['one', 'two', 'three']) expect(tried(key)).toBeGreaterThan(3);
    expect(tried('last')).toBe(0);
  });

  it('measures at the next visits whom it left out, against the best so far, until there is none', async () => {
    const machine = new FakeMachine();
    const times = { a: { ms: 50 }, b: { ms: 40 }, c: { ms: 60 }, d: { ms: 30 } };
    const contest = machine.contest('op', times);
    const choices = new Map<string, string>();
    const visits: string[][] = [];
    for (let n = 0; n < 9 && undecided(choices, [contest]).length > 0; n++) {
      const before = machine.asked.length;
      await visit(machine, choices, [machine.family(1, contest)], 1);
      visits.push(machine.asked.slice(before).map((asked) => asked.slice(3)));
    }
    expect(visits).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      ['b', 'd'],
    ]);
    expect([...choices]).toEqual([['op', 'd']]);
  });

  it('gives up a variant that takes too long to compile, or cannot be, and never the first for its slowness', async () => {
    const machine = new FakeMachine();
    const choices = new Map<string, string>();
    const contest = machine.contest('op', {
      first: { ms: 9, compileMs: 30_000 },
      endless: { ms: 1, compileMs: 60_000 },
      broken: { ms: 1, fails: true },
      quick: { ms: 8 },
    });
    const trials = await visit(machine, choices, [machine.family(1, contest)], 100_000);
    expect(machine.asked.filter((asked) => asked.endsWith('up'))).toEqual([
      'op endless given up',
      'op broken given up',
    ]);
    expect(trials.filter(({ ms }) => ms === Infinity).map(({ problem }) => problem)).toEqual([
      'it takes too long to compile',
      expect.stringContaining('no such instruction'),
    ]);
    expect([...choices]).toEqual([['op', 'quick']]);
  });

  it('waits for no compiler beyond its time, and leaves that variant to the next visit', async () => {
    const machine = new FakeMachine();
    const choices = new Map<string, string>();
    const contest = machine.contest('op', {
      first: { ms: 9, compileMs: 800 },
      second: { ms: 12 },
      later: { ms: 1, compileMs: 250 },
    });
    await visit(machine, choices, [machine.family(1, contest)], 1_000);
    expect(machine.asked).toEqual(['op first', 'op second', 'op later', 'op later given up']);
    expect([...choices]).toEqual([
      ['op', 'first'],
      ['op#left', 'later'],
    ]);
  });
});
