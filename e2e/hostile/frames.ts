import { maxFrameBytes } from '../../src/swarm/framing.ts';
import { maxMessageBytes } from '../../src/swarm/transport.ts';
import type { OpenWire, Wire } from '../../src/swarm/webrtc-transport-wire.ts';

/** `openWire`, and the wires it opened: what is sent on them goes past our own framing. */
export function tappedWires(openWire: OpenWire): { readonly openWire: OpenWire; readonly wires: Set<Wire> } {
  const wires = new Set<Wire>();
  return {
    wires,
    openWire(initiator, handlers) {
      const wire = openWire(initiator, {
        ...handlers,
        open: () => {
          wires.add(wire);
          handlers.open();
        },
        closed: () => {
          wires.delete(wire);
          handlers.closed();
        },
      });
      return wire;
    },
  };
}

/** A first frame that promises a message of `length` bytes. */
function firstFrame(length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(maxFrameBytes);
  frame[0] = 1;
  new DataView(frame.buffer).setUint32(1, length, true);
  return frame;
}

/** Frames that no sender makes, in an order that leaves no message under way, and why each is refused. */
export const garbageFrames: readonly (readonly [
  reason: string | undefined,
  frame: Uint8Array<ArrayBuffer>,
])[] = [
  ['frame-unknown-flag', new Uint8Array([9, 1, 2, 3])],
  ['frame-without-first', new Uint8Array([2, 1, 2, 3])],
  ['frame-not-full', new Uint8Array([1, 1, 2, 3])],
  ['frame-too-long', new Uint8Array(maxFrameBytes + 1)],
  ['frame-needless-split', firstFrame(10)],
  ['message-too-long', firstFrame(maxMessageBytes + 1)],
  [undefined, firstFrame(maxMessageBytes)],
  ['frame-wrong-length', new Uint8Array([3, 1, 2, 3])],
  [undefined, firstFrame(maxMessageBytes)],
  ['frame-message-unfinished', new Uint8Array([0, 1, 2, 3])],
];
