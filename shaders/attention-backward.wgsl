// Causal attention, backward (after shaders/lib/head-vector.wgsl).
//
// Formula    with p = exp(q . k scale - lse[query]), recomputed, and delta[query] = dOut . out:
//              ds = p (dOut . v - delta) scale
//              dq = sum over keys <= query of ds k      dk = sum over queries >= key of ds q      dv = the same of p dOut
//            (FlashAttention-2, Dao 2023, algorithm 2.)
// Shapes     qkv, dQkv f32 [BATCH * SEQUENCE, 3 d], q|k|v, d = HEADS * HEAD_SIZE; out, dOut f32 [BATCH * SEQUENCE, d];
//            lse, delta f32 [BATCH, HEADS, SEQUENCE]. `out` and `lse` are what attention.wgsl wrote for this qkv.
// Constants  BATCH, SEQUENCE, HEADS, HEAD_SIZE (<= 128).
// Tiling     `queries`: one thread a query, writes delta and dq. Then `keys`: one thread a key, writes dk and dv. 32
//            threads a workgroup. Every sum belongs to one thread: no atomics, a fixed order, no T x T matrix.
// Promise    close: relative L2 of dQkv to float64 <= 1e-5 for scores of ordinary size.

const width = HEADS * HEAD_SIZE;
const scale = 1.0 / sqrt(f32(HEAD_SIZE));

@group(0) @binding(1) var<storage, read> qkv: array<f32, BATCH * SEQUENCE * 3u * width>;
@group(0) @binding(2) var<storage, read> dOut: array<f32, BATCH * SEQUENCE * width>;
@group(0) @binding(3) var<storage, read> lse: array<f32, BATCH * HEADS * SEQUENCE>;
@group(0) @binding(4) var<storage, read_write> delta: array<f32, BATCH * HEADS * SEQUENCE>;
@group(0) @binding(5) var<storage, read_write> dQkv: array<f32, BATCH * SEQUENCE * 3u * width>;
@group(0) @binding(6) var<storage, read> out: array<f32, BATCH * SEQUENCE * width>; // `queries` only

fn elementOfQkv(at: u32, i: u32) -> f32 {
  if (i < HEAD_SIZE) {
    return qkv[at + i];
  }
  return 0.0;
}

fn elementOfDOut(at: u32, i: u32) -> f32 {
  if (i < HEAD_SIZE) {
    return dOut[at + i];
  }
  return 0.0;
}

fn columnOfQkv(at: u32, i: u32) -> vec4f {
  return vec4f(elementOfQkv(at, i), elementOfQkv(at, i + 1u), elementOfQkv(at, i + 2u), elementOfQkv(at, i + 3u));
}

fn columnOfDOut(at: u32, i: u32) -> vec4f {
  return vec4f(elementOfDOut(at, i), elementOfDOut(at, i + 1u), elementOfDOut(at, i + 2u), elementOfDOut(at, i + 3u));
}

fn memberOfQkv(at: u32, i: u32) -> mat4x4f {
  return mat4x4f(columnOfQkv(at, i), columnOfQkv(at, i + 4u), columnOfQkv(at, i + 8u), columnOfQkv(at, i + 12u));
}

fn memberOfDOut(at: u32, i: u32) -> mat4x4f {
  return mat4x4f(columnOfDOut(at, i), columnOfDOut(at, i + 4u), columnOfDOut(at, i + 8u), columnOfDOut(at, i + 12u));
}

fn headOfQkv(at: u32) -> HeadVector {
  var x: HeadVector;
  x.m0 = memberOfQkv(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = memberOfQkv(at, 16u); }
  if (HEAD_SIZE > 32u) { x.m2 = memberOfQkv(at, 32u); }
  if (HEAD_SIZE > 48u) { x.m3 = memberOfQkv(at, 48u); }
  if (HEAD_SIZE > 64u) { x.m4 = memberOfQkv(at, 64u); }
  if (HEAD_SIZE > 80u) { x.m5 = memberOfQkv(at, 80u); }
  if (HEAD_SIZE > 96u) { x.m6 = memberOfQkv(at, 96u); }
  if (HEAD_SIZE > 112u) { x.m7 = memberOfQkv(at, 112u); }
  return x;
}

fn headOfDOut(at: u32) -> HeadVector {
  var x: HeadVector;
  x.m0 = memberOfDOut(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = memberOfDOut(at, 16u); }
  if (HEAD_SIZE > 32u) { x.m2 = memberOfDOut(at, 32u); }
  if (HEAD_SIZE > 48u) { x.m3 = memberOfDOut(at, 48u); }
  if (HEAD_SIZE > 64u) { x.m4 = memberOfDOut(at, 64u); }
  if (HEAD_SIZE > 80u) { x.m5 = memberOfDOut(at, 80u); }
  if (HEAD_SIZE > 96u) { x.m6 = memberOfDOut(at, 96u); }
  if (HEAD_SIZE > 112u) { x.m7 = memberOfDOut(at, 112u); }
  return x;
}

fn storeHead(at: u32, x: HeadVector) {
  for (var i = 0u; i < HEAD_SIZE; i++) {
    var member = headMember(x, i / 16u);
    dQkv[at + i] = member[i / 4u % 4u][i % 4u];
  }
}

@compute @workgroup_size(32)
fn queries(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 32u + lane; // of lse and delta
  if (index >= BATCH * HEADS * SEQUENCE) {
    return;
  }
  let query = index % SEQUENCE;
  let firstRow = index / (SEQUENCE * HEADS) * SEQUENCE;
  let inRow = index / SEQUENCE % HEADS * HEAD_SIZE;
  let queryAt = (firstRow + query) * 3u * width + inRow;
  let outAt = (firstRow + query) * width + inRow;
  let q = headOfQkv(queryAt);
  let dy = headOfDOut(outAt);
  let logSum = lse[index];
  var own = 0.0;
  for (var i = 0u; i < HEAD_SIZE; i++) {
    own += dOut[outAt + i] * out[outAt + i];
  }
  delta[index] = own;
  var dq: HeadVector;
  for (var key = 0u; key <= query; key++) {
    let keyAt = (firstRow + key) * 3u * width + width + inRow;
    let k = headOfQkv(keyAt);
    let p = exp(scale * headDot(q, k) - logSum);
    let dp = headDot(dy, headOfQkv(keyAt + width));
    dq = headAdd(dq, p * (dp - own) * scale, k);
  }
  storeHead(queryAt, dq);
}

@compute @workgroup_size(32)
fn keys(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 32u + lane;
  if (index >= BATCH * HEADS * SEQUENCE) {
    return;
  }
  let key = index % SEQUENCE;
  let ofHead = index - key; // where this head's lse and delta start
  let firstRow = index / (SEQUENCE * HEADS) * SEQUENCE;
  let inRow = index / SEQUENCE % HEADS * HEAD_SIZE;
  let keyAt = (firstRow + key) * 3u * width + width + inRow;
  let k = headOfQkv(keyAt);
  let v = headOfQkv(keyAt + width);
  var dk: HeadVector;
  var dv: HeadVector;
  for (var query = key; query < SEQUENCE; query++) {
    let q = headOfQkv((firstRow + query) * 3u * width + inRow);
    let dy = headOfDOut((firstRow + query) * width + inRow);
    let p = exp(scale * headDot(q, k) - lse[ofHead + query]);
    dk = headAdd(dk, p * (headDot(dy, v) - delta[ofHead + query]) * scale, q);
    dv = headAdd(dv, p, dy);
  }
  storeHead(keyAt, dk);
  storeHead(keyAt + width, dv);
}
