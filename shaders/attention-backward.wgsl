// Causal attention with rotary positions, backward.
//
// Formula    with q and k turned, p = exp(q . k scale - lse[query]), recomputed, and delta[query] = dOut . out:
//              ds = p (dOut . v - delta) scale
//              dq = sum over keys <= query of ds k      dk = sum over queries >= key of ds q      dv = the same of p dOut
//            (FlashAttention-2, Dao 2023, algorithm 2), dk and dv also over the query heads that share the key head;
//            then, if TURN_BACK, dq and dk are turned back, so that dQkv belongs to qkv as it was before it was turned.
// Shapes     qkv, dQkv Row [BATCH * SEQUENCE, (HEADS + 2 KV_HEADS) HEAD_SIZE], q|k|v; table as in attention.wgsl;
//            out, dOut Row [BATCH * SEQUENCE, HEADS * HEAD_SIZE], Row being f32 or f16; lse, delta f32 [BATCH, HEADS, SEQUENCE].
//            `out` and `lse` are what attention.wgsl wrote for this qkv.
// Constants  as attention.wgsl.
// Tiling     as attention.wgsl, a thread's rows being queries or keys. `queries` writes delta and dq; then `keys` writes dk
//            and dv. Every sum belongs to one thread: no atomics, a fixed order, no T x T matrix.
// Promise    close: relative L2 of dQkv to float64 <= 1e-5 for scores of ordinary size; 2e-3 in f16, where `out` was rounded too.

@group(0) @binding(1) var<storage, read> qkv: array<Row, BATCH * SEQUENCE * packedWidth>;
@group(0) @binding(2) var<storage, read> table: array<f32, TABLE>;
@group(0) @binding(3) var<storage, read> dOut: array<Row, BATCH * SEQUENCE * width>;
@group(0) @binding(4) var<storage, read> lse: array<f32, BATCH * HEADS * SEQUENCE>;
@group(0) @binding(5) var<storage, read_write> delta: array<f32, BATCH * HEADS * SEQUENCE>;
@group(0) @binding(6) var<storage, read_write> dQkv: array<Row, BATCH * SEQUENCE * packedWidth>;
@group(0) @binding(7) var<storage, read> out: array<Row, BATCH * SEQUENCE * width>; // `queries` only

const width = HEADS * HEAD_SIZE;
const scale = 1.0 / sqrt(f32(HEAD_SIZE));
const tiles = (SEQUENCE + rowsAThread * LANES - 1u) / (rowsAThread * LANES); // workgroups of one head
const group = HEADS / KV_HEADS; // query heads that share a key head

fn dOutElement(at: u32, i: u32) -> f32 {
  if (i < half) {
    return f32(dOut[at + i]);
  }
  return 0.0;
}

fn dOutFour(at: u32, i: u32) -> vec4f {
  return vec4f(dOutElement(at, i), dOutElement(at, i + 1u), dOutElement(at, i + 2u), dOutElement(at, i + 3u));
}

fn dOutMember(at: u32, i: u32) -> mat4x4f {
  return mat4x4f(dOutFour(at, i), dOutFour(at + half, i), dOutFour(at, i + 4u), dOutFour(at + half, i + 4u));
}

fn loadDOut(at: u32) -> HeadVector {
  var x: HeadVector;
  x.m0 = dOutMember(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = dOutMember(at, 8u); }
  if (HEAD_SIZE > 32u) { x.m2 = dOutMember(at, 16u); }
  if (HEAD_SIZE > 48u) { x.m3 = dOutMember(at, 24u); }
  if (HEAD_SIZE > 64u) { x.m4 = dOutMember(at, 32u); }
  if (HEAD_SIZE > 80u) { x.m5 = dOutMember(at, 40u); }
  if (HEAD_SIZE > 96u) { x.m6 = dOutMember(at, 48u); }
  if (HEAD_SIZE > 112u) { x.m7 = dOutMember(at, 56u); }
  return x;
}

fn storeFour(at: u32, i: u32, x: vec4f) {
  if (i < half) { dQkv[at + i] = toRow(x.x); }
  if (i + 1u < half) { dQkv[at + i + 1u] = toRow(x.y); }
  if (i + 2u < half) { dQkv[at + i + 2u] = toRow(x.z); }
  if (i + 3u < half) { dQkv[at + i + 3u] = toRow(x.w); }
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

// d loss / d score of each of a thread's queries by one key, before scaling.
fn scoreGradients(q: Tile, k: HeadVector, dy: Tile, v: HeadVector, sums: QuerySums, key: u32, queries: Indices) -> Numbers {
  let p = exp(tileDots(q, k) - sums.logSum);
  return select(Numbers(), p * (tileDots(dy, v) - sums.delta), Indices(key) <= queries);
}

struct QuerySums {
  logSum: Numbers,
  delta: Numbers,
}

@diagnostic(off, subgroup_uniformity)
@compute @workgroup_size(LANES)
fn queries(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = id.y * 65535u + id.x;
  if (index >= BATCH * HEADS * tiles) {
    return;
  }
  let head = index / tiles % HEADS;
  let firstRow = index / (tiles * HEADS) * SEQUENCE;
  let numbersAt = firstRow * HEADS + head * SEQUENCE; // of lse and delta
  let own = rowsOfThread + Indices(rowsAThread * (index % tiles * LANES + lane));
  var q: Tile;
  var dy: Tile;
  var sums: QuerySums;
  for (var i = 0u; i < rowsAThread; i++) {
    let query = min(indexOf(own, i), SEQUENCE - 1u);
    let at = (firstRow + query) * width + head * HEAD_SIZE;
    var product = 0.0;
    for (var e = 0u; e < HEAD_SIZE; e++) {
      product += f32(dOut[at + e]) * f32(out[at + e]);
    }
    if (indexOf(own, i) < SEQUENCE) {
      delta[numbersAt + query] = product;
    }
    let here = Indices(i) == rowsOfThread;
    sums.delta = select(sums.delta, Numbers(product), here);
    sums.logSum = select(sums.logSum, Numbers(lse[numbersAt + query]), here);
    tilePut(&q, i, headScale(scale, loadTurned((firstRow + query) * packedWidth + head * HEAD_SIZE, query)));
    tilePut(&dy, i, loadDOut(at));
  }
  let keysAt = firstRow * packedWidth + (HEADS + head / group) * HEAD_SIZE;
  let order = blockOrder(lane);
  let end = quadLargest(select(min(lastOf(own) + 1u, SEQUENCE), 0u, firstOf(own) >= SEQUENCE));
  var dq: Tile;
  for (var first = 0u; first < end; first += rowsABlock) {
    let keys = order + first;
    let position = min(keys.x, SEQUENCE - 1u);
    let at = keysAt + position * packedWidth;
    var k = loadTurned(at, position);
    var v = loadHead(at + KV_HEADS * HEAD_SIZE);
    dq = tileAdd(dq, scoreGradients(q, k, dy, v, sums, keys.x, own), k);
    if (rowsABlock == 4u) {
      k = headAcrossX(k);
      v = headAcrossX(v);
      dq = tileAdd(dq, scoreGradients(q, k, dy, v, sums, keys.y, own), k);
      k = headAcrossY(k);
      v = headAcrossY(v);
      dq = tileAdd(dq, scoreGradients(q, k, dy, v, sums, keys.z, own), k);
      k = headAcrossX(k);
      v = headAcrossX(v);
      dq = tileAdd(dq, scoreGradients(q, k, dy, v, sums, keys.w, own), k);
    }
  }
  for (var i = 0u; i < rowsAThread; i++) {
    let query = indexOf(own, i);
    if (query < SEQUENCE) {
      let gradient = turnBack(headScale(scale, tileRow(dq, i)), query);
      storeHead((firstRow + query) * packedWidth + head * HEAD_SIZE, gradient);
    }
  }
}

// Gradients of a thread's keys and values.
struct KeyGradients {
  k: Tile,
  v: Tile,
}

// Adds what one query gives: its row q, its dOut, and (lse, delta) in `numbers`.
fn addQuery(g: KeyGradients, k: Tile, v: Tile, q: HeadVector, dy: HeadVector, numbers: vec4f, query: u32, own: Indices) -> KeyGradients {
  let seen = (own <= Indices(query)) & (Indices(query) < Indices(SEQUENCE));
  let p = select(Numbers(), exp(tileDots(k, q) - numbers.x), seen);
  return KeyGradients(tileAdd(g.k, p * (tileDots(v, dy) - numbers.y), q), tileAdd(g.v, p, dy));
}

@diagnostic(off, subgroup_uniformity)
@compute @workgroup_size(LANES)
fn keys(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = id.y * 65535u + id.x;
  if (index >= BATCH * KV_HEADS * tiles) {
    return;
  }
  let keyHead = index / tiles % KV_HEADS;
  let firstRow = index / (tiles * KV_HEADS) * SEQUENCE;
  let keysAt = firstRow * packedWidth + (HEADS + keyHead) * HEAD_SIZE;
  let own = rowsOfThread + Indices(rowsAThread * (index % tiles * LANES + lane));
  var k: Tile;
  var v: Tile;
  for (var i = 0u; i < rowsAThread; i++) {
    let key = min(indexOf(own, i), SEQUENCE - 1u);
    let at = keysAt + key * packedWidth;
    tilePut(&k, i, headScale(scale, loadTurned(at, key)));
    tilePut(&v, i, loadHead(at + KV_HEADS * HEAD_SIZE));
  }
  let order = blockOrder(lane);
  let start = quadSmallest(min(firstOf(own), SEQUENCE)) / rowsABlock * rowsABlock;
  var g: KeyGradients;
  for (var head = keyHead * group; head < (keyHead + 1u) * group; head++) {
    let numbersAt = firstRow * HEADS + head * SEQUENCE;
    for (var first = start; first < SEQUENCE; first += rowsABlock) {
      let rows = order + first; // queries
      let position = min(rows.x, SEQUENCE - 1u);
      let row = firstRow + position;
      var q = loadTurned(row * packedWidth + head * HEAD_SIZE, position);
      var dy = loadDOut(row * width + head * HEAD_SIZE);
      var numbers = vec4f(lse[numbersAt + position], delta[numbersAt + position], 0.0, 0.0);
      g = addQuery(g, k, v, q, dy, numbers, rows.x, own);
      if (rowsABlock == 4u) {
        q = headAcrossX(q);
        dy = headAcrossX(dy);
        numbers = fourAcrossX(numbers);
        g = addQuery(g, k, v, q, dy, numbers, rows.y, own);
        q = headAcrossY(q);
        dy = headAcrossY(dy);
        numbers = fourAcrossY(numbers);
        g = addQuery(g, k, v, q, dy, numbers, rows.z, own);
        q = headAcrossX(q);
        dy = headAcrossX(dy);
        numbers = fourAcrossX(numbers);
        g = addQuery(g, k, v, q, dy, numbers, rows.w, own);
      }
    }
  }
  for (var i = 0u; i < rowsAThread; i++) {
    let key = indexOf(own, i);
    if (key < SEQUENCE) {
      let at = keysAt + key * packedWidth;
      storeHead(at, turnBack(headScale(scale, tileRow(g.k, i)), key));
      storeHead(at + KV_HEADS * HEAD_SIZE, tileRow(g.v, i));
    }
  }
}
