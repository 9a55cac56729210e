import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { maxConfigCharacters, maxPastCharacters } from './announcements.ts';
import { maxAwarenessClock, maxAwarenessStateBytes } from './shared-doc-bounds.ts';

/**
 * What an update of the shared document may contain. Yjs would take anything: other types at our names, thousands of keys,
 * texts, whole documents; most of it could never be taken out again. So an update with anything we do not write is refused
 * whole, and an honest tab never holds, nor passes on, what a stranger scribbled.
 */

/** The only root type, a map, and its keys. */
export const rootName = 'run';
const rootKeys: readonly string[] = ['config', 'page', 'epoch'];
const pageKey = /^(past|sample|\d{1,10})$/;
const mostCharacters = Math.max(maxConfigCharacters, maxPastCharacters);

/** The next clock of a client, as far as the document knows it. */
export type KnownClock = (client: number) => number;

/**
 * Why an update must not reach Yjs, or undefined. Throws what Yjs or lib0 throws on bytes that are none.
 * `document-foreign-content`: not of our shape; `document-ahead`: it deletes what has not come yet, which Yjs would keep and
 * do to whatever its owner writes later.
 */
export function updateProblem(update: Uint8Array, known: KnownClock): string | undefined {
  const { structs, ds } = Y.decodeUpdate(update);
  const ends = new Map<number, number>();
  for (const struct of structs) {
    const { client, clock } = struct.id;
    const end = clock + struct.length;
    if (!Number.isSafeInteger(end)) return 'document-foreign-content';
    if (!(struct instanceof Y.Skip)) ends.set(client, Math.max(ends.get(client) ?? 0, end));
    if (struct instanceof Y.Item && !isOurs(struct)) return 'document-foreign-content';
  }
  for (const [client, items] of ds.clients) {
    const end = Math.max(known(client), ends.get(client) ?? 0);
    if (items.some(({ clock, len }) => clock + len > end)) return 'document-ahead';
  }
  return undefined;
}

function isOurs({ id, content, origin, rightOrigin, parent, parentSub }: Y.Item): boolean {
  if (rightOrigin !== null) return false; // only sequences have neighbours on both sides
  if (!isBefore(origin, id) || !isBefore(parent, id)) return false;
  if (content instanceof Y.ContentDeleted) return hasOurName(origin, parent, parentSub);
  if (content instanceof Y.ContentType)
    return content.type instanceof Y.Map && isOurMap(origin, parent, parentSub);
  if (!(content instanceof Y.ContentAny) || content.arr.length !== 1) return false;
  const value = content.arr[0] as unknown;
  const fits =
    (typeof value === 'string' && value.length <= mostCharacters) ||
    (typeof value === 'number' && Number.isSafeInteger(value));
  return fits && hasOurName(origin, parent, parentSub);
}

/** Yjs throws, half-way, on what refers to something of its own client that comes later. */
const isBefore = (referred: unknown, { client, clock }: Y.ID): boolean =>
  !(referred instanceof Y.ID) || referred.client !== client || referred.clock < clock;

/** An entry that follows another under its key names neither map nor key. */
const hasOurName = (origin: unknown, parent: unknown, key: string | null): boolean => {
  if (origin !== null) return true;
  // Yjs decodes a root type's name as a string, which its types do not say.
  return parent === rootName ? key !== null && rootKeys.includes(key) : isChild(parent) && isPageKey(key);
};

const isOurMap = (origin: unknown, parent: unknown, key: string | null): boolean =>
  origin !== null || (parent === rootName && key === 'page');

const isChild = (parent: unknown): boolean => parent instanceof Y.ID;
const isPageKey = (key: string | null): boolean => key !== null && pageKey.test(key);

/** What stands before a stranger's awareness states. */
export interface AwarenessGate {
  readonly self: () => number;
  /** Someone else says our state; `clock` tells whether it is but an echo. */
  readonly inOurName: (clock: number) => void;
  readonly isKnown: (client: number) => boolean;
  /** Whether one more client may be known besides those there are and `more`. */
  readonly mayAdd: (more: number) => boolean;
  readonly count: (reason: string) => void;
}

/**
 * The states of an awareness update that may be applied, encoded again; undefined: none. What is said of ourselves is left
 * out. Throws on bytes that are none.
 */
export function sieveAwareness(update: Uint8Array, gate: AwarenessGate): Uint8Array | undefined {
  const decoder = decoding.createDecoder(update);
  const kept: (readonly [client: number, clock: number, text: string])[] = [];
  const added = new Set<number>();
  const entries = decoding.readVarUint(decoder);
  for (let i = 0; i < entries; i++) {
    const client = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    const text = decoding.readVarString(decoder);
    if (client === gate.self()) {
      gate.inOurName(clock);
      continue;
    }
    const known = added.has(client) || gate.isKnown(client);
    const problem = stateProblem(clock, text) ?? (known ? undefined : admission(text, added.size, gate));
    if (problem === undefined) {
      kept.push([client, clock, text]);
      if (!known) added.add(client);
    }
    if (problem !== undefined && problem !== 'unknown-and-gone') gate.count(problem);
  }
  if (kept.length === 0) return undefined;
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kept.length);
  for (const [client, clock, text] of kept) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, text);
  }
  return encoding.toUint8Array(encoder);
}

function stateProblem(clock: number, text: string): string | undefined {
  if (clock > maxAwarenessClock) return 'awareness-malformed';
  if (text.length > maxAwarenessStateBytes || new TextEncoder().encode(text).length > maxAwarenessStateBytes)
    return 'awareness-too-long';
  const state = JSON.parse(text) as unknown;
  return typeof state === 'object' && !Array.isArray(state) ? undefined : 'awareness-malformed';
}

function admission(text: string, more: number, gate: AwarenessGate): string | undefined {
  if (text === 'null') return 'unknown-and-gone';
  return gate.mayAdd(more) ? undefined : 'awareness-full';
}
