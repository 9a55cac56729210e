import { getHeapStatistics } from 'node:v8';
import { toHex, type Bytes } from '../../src/base/bytes.ts';
import { describeError } from '../../src/base/errors.ts';
import type { Decoded } from '../../src/base/verdict.ts';
import type { FuzzTarget } from './target.ts';

/** What one decoder did with one input. `fault` is a broken promise, in words that begin with its class. */
export interface Checked {
  readonly past: boolean;
  /** `accepted`, or the reason. */
  readonly outcome: string;
  readonly fault: Fault | undefined;
}

export interface Fault {
  readonly kind:
    | 'threw'
    | 'bad-reason'
    | 'input-changed'
    | 'too-much-memory'
    | 'too-slow'
    | 'broken-promise'
    | 'no-encoding'
    | 'own-bytes-refused'
    | 'other-value'
    | 'not-canonical'
    | 'valid-refused';
  readonly detail: string;
}

/** A decoder may take this much memory: 64 bytes for each it is given, and 1 MiB. */
export const memoryBound = (inputBytes: number): number => 64 * inputBytes + (1 << 20);
/** And this long, in milliseconds: far more than any takes, far less than what someone would wait for. */
export const timeBound = (inputBytes: number): number => 100 + inputBytes / 500;

/** A machine that pauses, or a heap that grows by itself, does not do so this often in a row. */
const repeats = 4;

/** Counters are kept by reason, so it must not carry what was sent. */
const reasonPattern = /^[A-Za-z][A-Za-z0-9 -]{2,63}$/;

/** Many times faster than a loop. */
const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

interface Cost {
  readonly bytes: number;
  readonly ms: number;
}

function heapBytes(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}

/** Decodes and measures. A garbage collection in between makes the memory look smaller, never larger. */
async function measured<V>(
  target: FuzzTarget<unknown, V>,
  bytes: Bytes,
): Promise<{ decoded: Decoded<V>; cost: Cost }> {
  const before = heapBytes();
  const start = performance.now();
  const answer = target.decode(bytes);
  const decoded = answer instanceof Promise ? await answer : answer;
  return { decoded, cost: { ms: performance.now() - start, bytes: heapBytes() - before } };
}

/** Why a cost is beyond its bound each time it is measured, or undefined. */
async function costFault(target: FuzzTarget, bytes: Bytes, first: Cost): Promise<Fault | undefined> {
  const given = target.inputBytes(bytes);
  let { bytes: memory, ms } = first;
  for (let i = 0; i < repeats && (memory > memoryBound(given) || ms > timeBound(given)); i++) {
    const { cost } = await measured(target, bytes);
    [memory, ms] = [Math.min(memory, cost.bytes), Math.min(ms, cost.ms)];
  }
  if (memory > memoryBound(given))
    return { kind: 'too-much-memory', detail: `${given} bytes took ${memory} bytes of memory` };
  if (ms > timeBound(given)) return { kind: 'too-slow', detail: `${given} bytes took ${ms.toFixed(0)} ms` };
  return undefined;
}

/** Gives `bytes` to the target's decoder and checks all it promises. Never rejects. */
export async function check(target: FuzzTarget, bytes: Bytes): Promise<Checked> {
  const given = new Uint8Array(bytes);
  let answer: { decoded: Decoded<unknown>; cost: Cost };
  try {
    answer = await measured(target, given);
  } catch (error) {
    return fault('threw', describeError(error));
  }
  const { decoded, cost } = answer;
  const outcome = decoded.ok ? 'accepted' : decoded.reason;
  const checked = (found: Fault | undefined): Checked => ({
    past: target.isPast(bytes, decoded),
    outcome,
    fault: found,
  });
  if (!equalBytes(given, bytes)) return checked({ kind: 'input-changed', detail: outcome });
  const given2 = target.inputBytes(bytes);
  if (cost.bytes > memoryBound(given2) || cost.ms > timeBound(given2)) {
    const found = await costFault(target, bytes, cost);
    if (found !== undefined) return checked(found);
  }
  if (!decoded.ok) {
    const stable = reasonPattern.test(decoded.reason);
    return checked(stable ? undefined : { kind: 'bad-reason', detail: JSON.stringify(decoded.reason) });
  }
  try {
    return checked(await valueFault(target, bytes, decoded.value));
  } catch (error) {
    return checked({ kind: 'threw', detail: `after it was accepted: ${describeError(error)}` });
  }
}

const fault = (kind: Fault['kind'], detail: string): Checked => ({
  past: true,
  outcome: kind,
  fault: { kind, detail },
});

/** What is wrong with an accepted value: it breaks a promise, or does not come back from its own bytes. */
async function valueFault(target: FuzzTarget, bytes: Bytes, value: unknown): Promise<Fault | undefined> {
  const problem = target.problem(value);
  if (problem !== undefined) return { kind: 'broken-promise', detail: problem };
  let own: Bytes | undefined;
  try {
    own = target.encode(value);
  } catch (error) {
    return { kind: 'no-encoding', detail: describeError(error) };
  }
  if (own === undefined) return undefined;
  if (target.canonical && !equalBytes(own, bytes))
    return { kind: 'not-canonical', detail: `encodes to ${shortHex(own)}` };
  const again = await target.decode(own);
  if (!again.ok) return { kind: 'own-bytes-refused', detail: again.reason };
  if (!target.rounds)
    return sameValue(again.value, value) ? undefined : { kind: 'other-value', detail: shortHex(own) };
  const settled = target.encode(again.value);
  const third = settled && (await target.decode(settled));
  if (third?.ok !== true || !sameValue(third.value, again.value))
    return { kind: 'other-value', detail: `does not settle: ${shortHex(own)}` };
  return undefined;
}

const shortHex = (bytes: Bytes): string =>
  bytes.length <= 80 ? toHex(bytes) : `${toHex(bytes.subarray(0, 80))}... (${bytes.length} bytes)`;

/** Equal as data: an absent field is one that is undefined, 0 is -0 (JSON has no other way to write it), NaN is never. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const [x, y] = [a, b].map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)) as [
      Uint8Array,
      Uint8Array,
    ];
    return a.constructor === b.constructor && equalBytes(x, y);
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]))
    );
  const [x, y] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
  for (const key of keys) if (!sameValue(x[key], y[key])) return false;
  return true;
}
