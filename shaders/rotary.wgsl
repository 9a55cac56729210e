// Rotary positions (RoFormer, Su et al. 2021, eq. 34), in place on the queries and keys of q|k|v.
//
// Formula    with x = q[i], y = q[i + HALF] of one head, position t = row mod SEQUENCE and the angle of table[t, i]:
//              q[i] = x cos - y sin        q[i + HALF] = y cos + x sin        (INVERSE: sin negated)
//            Pairs are (i, i + HALF), as Llama's weights in Hugging Face's layout want them. v is left alone. The
//            inverse rotation is the transpose, so it is also the backward pass.
// Shapes     qkv f32 or f16 (Row) [ROWS, (HEADS + 2 KV_HEADS) 2 HALF]; table f32 [SEQUENCE, HALF, 2], (cos, sin).
// Constants  ROWS, SEQUENCE, HEADS, KV_HEADS, HALF (half the head size), INVERSE (0 or 1).
// Tiling     one thread a pair; 64 a workgroup; no pair is touched by two threads.
// Promise    close: relative L2 to float64 <= 1e-6 (the table's own rounding included), 1e-3 in f16.

const turned = HEADS + KV_HEADS; // heads that turn
const pairs = ROWS * turned * HALF;

@group(0) @binding(1) var<storage, read> angles: array<vec2f, SEQUENCE * HALF>;
@group(0) @binding(2) var<storage, read_write> qkv: array<Row, ROWS * (turned + KV_HEADS) * 2u * HALF>;

@compute @workgroup_size(64)
fn rotate(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * 65535u + group.x) * 64u + lane;
  if (index >= pairs) {
    return;
  }
  let i = index % HALF;
  let head = index / HALF % turned; // queries' heads, then keys'
  let row = index / (HALF * turned);
  let at = (row * (turned + KV_HEADS) + head) * 2u * HALF + i;
  let angle = angles[row % SEQUENCE * HALF + i];
  let sine = select(angle.y, -angle.y, INVERSE == 1u);
  let x = f32(qkv[at]);
  let y = f32(qkv[at + HALF]);
  qkv[at] = toRow(x * angle.x - y * sine);
  qkv[at + HALF] = toRow(y * angle.x + x * sine);
}
