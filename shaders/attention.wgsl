// Causal attention with rotary positions, forward.
//
// Formula    with q and k turned by their positions (rotary.wgsl), here if TURN: s[k] = q . k / sqrt(HEAD_SIZE) for keys
//            k <= query;  out = sum softmax(s)[k] v[k];  lse = log sum exp(s[k])  (Vaswani et al. 2017, eq. 1), in one pass with
//            the online softmax of Milakov and Gimelshein 2018: the largest score so far, the sum and the weighted
//            values relative to it. Head h reads key head h / (HEADS / KV_HEADS) (grouped queries, Ainslie et al. 2023).
// Shapes     qkv Row [BATCH * SEQUENCE, (HEADS + 2 KV_HEADS) HEAD_SIZE], q|k|v; table f32 [SEQUENCE, HEAD_SIZE / 2, 2], (cos, sin);
//            out Row [BATCH * SEQUENCE, HEADS * HEAD_SIZE], Row being f32 or f16; lse f32 [BATCH, HEADS, SEQUENCE], in nats.
// Constants  BATCH, SEQUENCE, HEADS, KV_HEADS, HEAD_SIZE (even, <= 128), TABLE (elements), LANES (a multiple of 4), TURN and
//            TURN_BACK (lib/head-load.wgsl). Turning here saves a dispatch and costs half as many loads again.
// Tiling     after lib/head-vector.wgsl, head-load.wgsl, one of head-tile4.wgsl and head-tile1.wgsl (queries of one thread, in
//            registers with their sums), and one of head-quad.wgsl and head-alone.wgsl (who loads a key). LANES threads
//            a workgroup, all of one head. Keys after a quad's last query are never visited. No T x T matrix anywhere.
// Promise    close: relative L2 to float64 <= 1e-5 for scores of ordinary size, 1e-3 of `out` in f16; finite for any finite scores.

@group(0) @binding(1) var<storage, read> qkv: array<Row, BATCH * SEQUENCE * packedWidth>;
@group(0) @binding(2) var<storage, read> table: array<f32, TABLE>;
@group(0) @binding(3) var<storage, read_write> out: array<Row, BATCH * SEQUENCE * HEADS * HEAD_SIZE>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32, BATCH * HEADS * SEQUENCE>;

const scale = 1.0 / sqrt(f32(HEAD_SIZE));
const tiles = (SEQUENCE + rowsAThread * LANES - 1u) / (rowsAThread * LANES); // workgroups of one head
const never = -1e30; // the score of a key that is not seen

fn storeFour(at: u32, i: u32, x: vec4f) {
  if (i < half) { out[at + i] = toRow(x.x); }
  if (i + 1u < half) { out[at + i + 1u] = toRow(x.y); }
  if (i + 2u < half) { out[at + i + 2u] = toRow(x.z); }
  if (i + 3u < half) { out[at + i + 3u] = toRow(x.w); }
}

fn storeMember(at: u32, i: u32, x: mat4x4f) {
  storeFour(at, i, x[0]);
  storeFour(at + half, i, x[1]);
  storeFour(at, i + 4u, x[2]);
  storeFour(at + half, i + 4u, x[3]);
}

fn storeHead(at: u32, x: HeadVector) {
  storeMember(at, 0u, x.m0);
  if (HEAD_SIZE > 16u) { storeMember(at, 8u, x.m1); }
  if (HEAD_SIZE > 32u) { storeMember(at, 16u, x.m2); }
  if (HEAD_SIZE > 48u) { storeMember(at, 24u, x.m3); }
  if (HEAD_SIZE > 64u) { storeMember(at, 32u, x.m4); }
  if (HEAD_SIZE > 80u) { storeMember(at, 40u, x.m5); }
  if (HEAD_SIZE > 96u) { storeMember(at, 48u, x.m6); }
  if (HEAD_SIZE > 112u) { storeMember(at, 56u, x.m7); }
}

fn scores(q: Tile, k: HeadVector, key: u32, queries: Indices) -> Numbers {
  return select(Numbers(never), tileDots(q, k), Indices(key) <= queries);
}

@diagnostic(off, subgroup_uniformity)
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.y * 65535u + group.x;
  if (index >= BATCH * HEADS * tiles) {
    return;
  }
  let head = index / tiles % HEADS;
  let firstRow = index / (tiles * HEADS) * SEQUENCE;
  let queries = rowsOfThread + Indices(rowsAThread * (index % tiles * LANES + lane));
  var q: Tile;
  for (var i = 0u; i < rowsAThread; i++) {
    let query = min(indexOf(queries, i), SEQUENCE - 1u);
    tilePut(&q, i, headScale(scale, loadTurned((firstRow + query) * packedWidth + head * HEAD_SIZE, query)));
  }
  let keysAt = firstRow * packedWidth + (HEADS + head / (HEADS / KV_HEADS)) * HEAD_SIZE;
  let order = blockOrder(lane);
  let end = quadLargest(select(min(lastOf(queries) + 1u, SEQUENCE), 0u, firstOf(queries) >= SEQUENCE));
  var largest = Numbers(never);
  var sum = Numbers();
  var weighted: Tile;
  for (var first = 0u; first < end; first += rowsABlock) {
    let keys = order + first;
    let own = min(keys.x, SEQUENCE - 1u);
    let at = keysAt + own * packedWidth;
    var k = loadTurned(at, own);
    let s0 = scores(q, k, keys.x, queries);
    var raised = max(largest, s0);
    var s1: Numbers;
    var s2: Numbers;
    var s3: Numbers;
    if (rowsABlock == 4u) {
      k = headAcrossX(k);
      s1 = scores(q, k, keys.y, queries);
      k = headAcrossY(k);
      s2 = scores(q, k, keys.z, queries);
      k = headAcrossX(k);
      s3 = scores(q, k, keys.w, queries);
      raised = max(max(raised, s1), max(s2, s3));
    }
    let kept = exp(largest - raised);
    largest = raised;
    var v = loadHead(at + KV_HEADS * HEAD_SIZE);
    let p0 = exp(s0 - raised);
    sum = sum * kept + p0;
    weighted = tileAdd(tileScale(kept, weighted), p0, v);
    if (rowsABlock == 4u) {
      let p1 = exp(s1 - raised);
      let p2 = exp(s2 - raised);
      let p3 = exp(s3 - raised);
      sum += p1 + p2 + p3;
      v = headAcrossX(v);
      weighted = tileAdd(weighted, p1, v);
      v = headAcrossY(v);
      weighted = tileAdd(weighted, p2, v);
      v = headAcrossX(v);
      weighted = tileAdd(weighted, p3, v);
    }
  }
  let logSum = largest + log(sum);
  weighted = tileScale(Numbers(1.0) / sum, weighted);
  for (var i = 0u; i < rowsAThread; i++) {
    let query = indexOf(queries, i);
    if (query < SEQUENCE) {
      lse[firstRow * HEADS + head * SEQUENCE + query] = numberOf(logSum, i);
      storeHead((firstRow + query) * (HEADS * HEAD_SIZE) + head * HEAD_SIZE, tileRow(weighted, i));
    }
  }
}
