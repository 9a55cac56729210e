// Causal attention of one new position over a cache (after lib/head-vector.wgsl and lib/head-load.wgsl, TURN 1, TURN_BACK 0).
//
// Formula    that of attention.wgsl for the query at `step[0]` alone. Its k is turned first, in place, as those before it were:
//            the cache holds k turned and v as they are, so a key is turned once and not at every later position.
// Shapes     qkv f32 or f16 (Row) [SEQUENCE, (HEADS + 2 KV_HEADS) HEAD_SIZE], q|k|v: the cache. Row step[0] is new, not turned; earlier rows
//            are full, their q unread. table f32 [SEQUENCE, HEAD_SIZE / 2, 2], (cos, sin); step u32 [1]; out [HEADS * HEAD_SIZE].
// Constants  SEQUENCE, HEADS, KV_HEADS, HEAD_SIZE (even, <= 128), TABLE (elements), LANES.
// Tiling     a workgroup for each key head, which owns it, so it may write to it; the query heads that share it one after
//            another. Threads take every LANES-th key, each with an online softmax of its own, merged in workgroup memory.
// Promise    close: relative L2 to float64 <= 1e-5 for scores of ordinary size, 1e-3 of `out` in f16.

@group(0) @binding(1) var<storage, read_write> qkv: array<Row, SEQUENCE * packedWidth>;
@group(0) @binding(2) var<storage, read> table: array<f32, TABLE>;
@group(0) @binding(3) var<storage, read> step: array<u32, 1>;
@group(0) @binding(4) var<storage, read_write> out: array<Out, HEADS * HEAD_SIZE>;

const scale = 1.0 / sqrt(f32(HEAD_SIZE));
const sharing = HEADS / KV_HEADS; // query heads of a key head
const never = -1e30;

var<workgroup> largests: array<f32, LANES>;
var<workgroup> sums: array<f32, LANES>;
var<workgroup> weighteds: array<f32, LANES * HEAD_SIZE>;

fn shareFour(at: u32, i: u32, x: vec4f) {
  if (i < half) { weighteds[at + i] = x.x; }
  if (i + 1u < half) { weighteds[at + i + 1u] = x.y; }
  if (i + 2u < half) { weighteds[at + i + 2u] = x.z; }
  if (i + 3u < half) { weighteds[at + i + 3u] = x.w; }
}

fn shareMember(at: u32, i: u32, x: mat4x4f) {
  shareFour(at, i, x[0]);
  shareFour(at + half, i, x[1]);
  shareFour(at, i + 4u, x[2]);
  shareFour(at + half, i + 4u, x[3]);
}

fn shareHead(at: u32, x: HeadVector) {
  shareMember(at, 0u, x.m0);
  if (HEAD_SIZE > 16u) { shareMember(at, 8u, x.m1); }
  if (HEAD_SIZE > 32u) { shareMember(at, 16u, x.m2); }
  if (HEAD_SIZE > 48u) { shareMember(at, 24u, x.m3); }
  if (HEAD_SIZE > 64u) { shareMember(at, 32u, x.m4); }
  if (HEAD_SIZE > 80u) { shareMember(at, 40u, x.m5); }
  if (HEAD_SIZE > 96u) { shareMember(at, 48u, x.m6); }
  if (HEAD_SIZE > 112u) { shareMember(at, 56u, x.m7); }
}

@compute @workgroup_size(LANES)
fn decode(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let position = min(step[0], SEQUENCE - 1u);
  let newest = position * packedWidth;
  let keysAt = (HEADS + group.x) * HEAD_SIZE;
  for (var i = lane; i < half; i += LANES) {
    let at = newest + keysAt + i;
    let turn = angle(position * HEAD_SIZE, i);
    let x = f32(qkv[at]);
    let y = f32(qkv[at + half]);
    qkv[at] = toRow(x * turn.x - y * turn.y);
    qkv[at + half] = toRow(y * turn.x + x * turn.y);
  }
  storageBarrier();
  for (var head = group.x * sharing; head < (group.x + 1u) * sharing; head++) {
    let q = headScale(scale, loadTurned(newest + head * HEAD_SIZE, position));
    var largest = never;
    var sum = 0.0;
    var weighted: HeadVector;
    for (var key = lane; key <= position; key += LANES) {
      let at = key * packedWidth + keysAt;
      let score = headDot(q, loadHead(at));
      let raised = max(largest, score);
      let kept = exp(largest - raised);
      let weight = exp(score - raised);
      largest = raised;
      sum = sum * kept + weight;
      weighted = headAdd(headScale(kept, weighted), weight, loadHead(at + KV_HEADS * HEAD_SIZE));
    }
    largests[lane] = largest;
    sums[lane] = sum;
    shareHead(lane * HEAD_SIZE, weighted);
    workgroupBarrier();
    var top = never;
    for (var l = 0u; l < LANES; l++) {
      top = max(top, largests[l]);
    }
    for (var i = lane; i < HEAD_SIZE; i += LANES) {
      var total = 0.0;
      var value = 0.0;
      for (var l = 0u; l < LANES; l++) {
        let kept = exp(largests[l] - top);
        total += kept * sums[l];
        value += kept * weighteds[l * HEAD_SIZE + i];
      }
      out[head * HEAD_SIZE + i] = toOut(value / total);
    }
    workgroupBarrier(); // before the next head overwrites what is shared
  }
}
