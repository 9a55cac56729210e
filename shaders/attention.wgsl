// Causal attention, forward (after shaders/lib/head-vector.wgsl).
//
// Formula    s[k] = q . k / sqrt(HEAD_SIZE) for keys k <= query;  out = sum softmax(s)[k] v[k];  lse = log sum exp(s[k])
//            (Vaswani et al. 2017, eq. 1), in one pass with the online softmax of Milakov and Gimelshein 2018: the
//            largest score so far, the sum and the weighted values relative to it.
// Shapes     qkv f32 [BATCH * SEQUENCE, 3 d], q|k|v, d = HEADS * HEAD_SIZE; out f32 [BATCH * SEQUENCE, d];
//            lse f32 [BATCH, HEADS, SEQUENCE], in nats.
// Constants  BATCH, SEQUENCE, HEADS, HEAD_SIZE (<= 128).
// Tiling     one thread a query, its q and its sum in registers; 32 a workgroup. No T x T matrix anywhere.
// Promise    close: relative L2 to float64 <= 1e-5 for scores of ordinary size; finite for any finite scores.

const width = HEADS * HEAD_SIZE;
const scale = 1.0 / sqrt(f32(HEAD_SIZE));

@group(0) @binding(1) var<storage, read> qkv: array<f32, BATCH * SEQUENCE * 3u * width>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, BATCH * SEQUENCE * width>;
@group(0) @binding(3) var<storage, read_write> lse: array<f32, BATCH * HEADS * SEQUENCE>;

fn element(at: u32, i: u32) -> f32 {
  if (i < HEAD_SIZE) {
    return qkv[at + i];
  }
  return 0.0;
}

fn loadColumn(at: u32, i: u32) -> vec4f {
  return vec4f(element(at, i), element(at, i + 1u), element(at, i + 2u), element(at, i + 3u));
}

fn loadMember(at: u32, i: u32) -> mat4x4f {
  return mat4x4f(loadColumn(at, i), loadColumn(at, i + 4u), loadColumn(at, i + 8u), loadColumn(at, i + 12u));
}

fn loadHead(at: u32) -> HeadVector {
  var x: HeadVector;
  x.m0 = loadMember(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = loadMember(at, 16u); }
  if (HEAD_SIZE > 32u) { x.m2 = loadMember(at, 32u); }
  if (HEAD_SIZE > 48u) { x.m3 = loadMember(at, 48u); }
  if (HEAD_SIZE > 64u) { x.m4 = loadMember(at, 64u); }
  if (HEAD_SIZE > 80u) { x.m5 = loadMember(at, 80u); }
  if (HEAD_SIZE > 96u) { x.m6 = loadMember(at, 96u); }
  if (HEAD_SIZE > 112u) { x.m7 = loadMember(at, 112u); }
  return x;
}

@compute @workgroup_size(32)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 32u + lane; // of lse
  if (index >= BATCH * HEADS * SEQUENCE) {
    return;
  }
  let query = index % SEQUENCE;
  let head = index / SEQUENCE % HEADS;
  let firstRow = index / (SEQUENCE * HEADS) * SEQUENCE;
  let q = loadHead((firstRow + query) * 3u * width + head * HEAD_SIZE);
  let firstKey = firstRow * 3u * width + width + head * HEAD_SIZE;
  var largest = scale * headDot(q, loadHead(firstKey));
  var sum = 1.0;
  var weighted = loadHead(firstKey + width);
  for (var key = 1u; key <= query; key++) {
    let keyAt = firstKey + key * 3u * width;
    let score = scale * headDot(q, loadHead(keyAt));
    let raised = max(largest, score);
    let kept = exp(largest - raised);
    let weight = exp(score - raised);
    largest = raised;
    sum = sum * kept + weight;
    weighted = headBlend(kept, weighted, weight, loadHead(keyAt + width));
  }
  lse[index] = largest + log(sum);
  let outAt = (firstRow + query) * width + head * HEAD_SIZE;
  for (var i = 0u; i < HEAD_SIZE; i++) {
    var member = headMember(weighted, i / 16u);
    out[outAt + i] = member[i / 4u % 4u][i % 4u] / sum;
  }
}
