// Variant: four neighbouring threads (a quad) make 8 rows by 32 columns. Each loads two of the eight values of A and gives them to
// the other three, so a thread has 10 loads for its 64 multiply-adds instead of 16. For machines where a load costs as much as many
// multiply-adds. A workgroup is TILES quads in a line (lib/quad-tiles.wgsl), so that narrow outputs
// waste none. Needs `subgroups`.
// Sums are named vectors, l<row> of the left columns and r<row> of the right: as matrices they are a quarter slower.

@compute @workgroup_size(4 * TILES)
fn quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let tile = tileOf(group, index);
  let row = 8u * (tile / tilesAcross);
  let column = LEFT * (4u * (tile % tilesAcross) + lane);
  batch = group.z;
  let aTop = startOfA() + A_ROW * min(row + lane, M - 1u);
  let aBottom = startOfA() + A_ROW * min(row + 4u + lane, M - 1u);
  let bLeft = columnOffsets(column);
  let bRight = columnOffsets(column + RIGHT);
  var l0 = vec4f();
  var r0 = vec4f();
  var l1 = vec4f();
  var r1 = vec4f();
  var l2 = vec4f();
  var r2 = vec4f();
  var l3 = vec4f();
  var r3 = vec4f();
  var l4 = vec4f();
  var r4 = vec4f();
  var l5 = vec4f();
  var r5 = vec4f();
  var l6 = vec4f();
  var r6 = vec4f();
  var l7 = vec4f();
  var r7 = vec4f();
  for (var k = 0u; k < K; k++) {
    let top = f32(a[aTop + k * A_STEP]);
    let bottom = f32(a[aBottom + k * A_STEP]);
    let left = loadB(bLeft + k * B_STEP);
    let right = loadB(bRight + k * B_STEP);
    let x0 = vec4f(quadBroadcast(top, 0u));
    l0 = fma(x0, left, l0);
    r0 = fma(x0, right, r0);
    let x1 = vec4f(quadBroadcast(top, 1u));
    l1 = fma(x1, left, l1);
    r1 = fma(x1, right, r1);
    let x2 = vec4f(quadBroadcast(top, 2u));
    l2 = fma(x2, left, l2);
    r2 = fma(x2, right, r2);
    let x3 = vec4f(quadBroadcast(top, 3u));
    l3 = fma(x3, left, l3);
    r3 = fma(x3, right, r3);
    let x4 = vec4f(quadBroadcast(bottom, 0u));
    l4 = fma(x4, left, l4);
    r4 = fma(x4, right, r4);
    let x5 = vec4f(quadBroadcast(bottom, 1u));
    l5 = fma(x5, left, l5);
    r5 = fma(x5, right, r5);
    let x6 = vec4f(quadBroadcast(bottom, 2u));
    l6 = fma(x6, left, l6);
    r6 = fma(x6, right, r6);
    let x7 = vec4f(quadBroadcast(bottom, 3u));
    l7 = fma(x7, left, l7);
    r7 = fma(x7, right, r7);
  }
  storeTiles(row, column, mat4x4f(l0, l1, l2, l3), mat4x4f(r0, r1, r2, r3));
  storeTiles(row + 4u, column, mat4x4f(l4, l5, l6, l7), mat4x4f(r4, r5, r6, r7));
}
