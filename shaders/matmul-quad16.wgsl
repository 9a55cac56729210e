// Variant: four neighbouring threads (a quad) make 16 rows by 32 columns, four steps of k at a time. Each loads the values of A for
// one row in four and swaps them with the other three, so a thread has 12 loads for 128 multiply-adds; a sum is read and written
// once in four steps. The fastest where a load is dear, and the slowest to compile: for large products. A workgroup is TILES quads in a line
// (lib/quad-tiles.wgsl), so that narrow outputs waste none. Needs `subgroups`.
// Sums are named vectors, l<row> of the left columns and r<row> of the right. Of each four rows thread `lane` holds first its own,
// then those of lane ^ 1, lane ^ 2 and lane ^ 3: the order in which swaps bring them, put right when they are stored.

// sum + the products of one row's four values with four vectors of B, in the order of k.
fn add4(sum: vec4f, row: vec4f, b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f) -> vec4f {
  return fma(vec4f(row.w), b3, fma(vec4f(row.z), b2, fma(vec4f(row.y), b1, fma(vec4f(row.x), b0, sum))));
}

// A row's values at k..k+3; zero past the end.
fn rowValues(row: u32, k: u32) -> vec4f {
  let at = startOfA() + A_ROW * min(row, M - 1u) + A_STEP * min(k + four, vec4u(K - 1u));
  let values = loadA(at);
  return select(vec4f(), values, k + four < vec4u(K));
}

fn inOrder(lane: u32, rows: mat4x4f) -> mat4x4f {
  var values = rows; // not every implementation indexes a matrix value by a variable
  return mat4x4f(values[lane], values[lane ^ 1u], values[lane ^ 2u], values[lane ^ 3u]);
}

@compute @workgroup_size(4 * TILES)
fn quad16(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let tile = tileOf(group, index);
  let row = 16u * (tile / tilesAcross);
  let column = LEFT * (4u * (tile % tilesAcross) + lane);
  batch = group.z;
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
  var l8 = vec4f();
  var r8 = vec4f();
  var l9 = vec4f();
  var r9 = vec4f();
  var l10 = vec4f();
  var r10 = vec4f();
  var l11 = vec4f();
  var r11 = vec4f();
  var l12 = vec4f();
  var r12 = vec4f();
  var l13 = vec4f();
  var r13 = vec4f();
  var l14 = vec4f();
  var r14 = vec4f();
  var l15 = vec4f();
  var r15 = vec4f();
  for (var k = 0u; k < K; k += 4u) {
    let at = B_STEP * min(k + four, vec4u(K - 1u));
    let left0 = loadB(bLeft + at.x);
    let right0 = loadB(bRight + at.x);
    let left1 = loadB(bLeft + at.y);
    let right1 = loadB(bRight + at.y);
    let left2 = loadB(bLeft + at.z);
    let right2 = loadB(bRight + at.z);
    let left3 = loadB(bLeft + at.w);
    let right3 = loadB(bRight + at.w);
    let own0 = rowValues(row + 0u + lane, k);
    let x0 = own0;
    l0 = add4(l0, x0, left0, left1, left2, left3);
    r0 = add4(r0, x0, right0, right1, right2, right3);
    let x1 = quadSwapX(own0);
    l1 = add4(l1, x1, left0, left1, left2, left3);
    r1 = add4(r1, x1, right0, right1, right2, right3);
    let x2 = quadSwapY(own0);
    l2 = add4(l2, x2, left0, left1, left2, left3);
    r2 = add4(r2, x2, right0, right1, right2, right3);
    let x3 = quadSwapDiagonal(own0);
    l3 = add4(l3, x3, left0, left1, left2, left3);
    r3 = add4(r3, x3, right0, right1, right2, right3);
    let own1 = rowValues(row + 4u + lane, k);
    let x4 = own1;
    l4 = add4(l4, x4, left0, left1, left2, left3);
    r4 = add4(r4, x4, right0, right1, right2, right3);
    let x5 = quadSwapX(own1);
    l5 = add4(l5, x5, left0, left1, left2, left3);
    r5 = add4(r5, x5, right0, right1, right2, right3);
    let x6 = quadSwapY(own1);
    l6 = add4(l6, x6, left0, left1, left2, left3);
    r6 = add4(r6, x6, right0, right1, right2, right3);
    let x7 = quadSwapDiagonal(own1);
    l7 = add4(l7, x7, left0, left1, left2, left3);
    r7 = add4(r7, x7, right0, right1, right2, right3);
    let own2 = rowValues(row + 8u + lane, k);
    let x8 = own2;
    l8 = add4(l8, x8, left0, left1, left2, left3);
    r8 = add4(r8, x8, right0, right1, right2, right3);
    let x9 = quadSwapX(own2);
    l9 = add4(l9, x9, left0, left1, left2, left3);
    r9 = add4(r9, x9, right0, right1, right2, right3);
    let x10 = quadSwapY(own2);
    l10 = add4(l10, x10, left0, left1, left2, left3);
    r10 = add4(r10, x10, right0, right1, right2, right3);
    let x11 = quadSwapDiagonal(own2);
    l11 = add4(l11, x11, left0, left1, left2, left3);
    r11 = add4(r11, x11, right0, right1, right2, right3);
    let own3 = rowValues(row + 12u + lane, k);
    let x12 = own3;
    l12 = add4(l12, x12, left0, left1, left2, left3);
    r12 = add4(r12, x12, right0, right1, right2, right3);
    let x13 = quadSwapX(own3);
    l13 = add4(l13, x13, left0, left1, left2, left3);
    r13 = add4(r13, x13, right0, right1, right2, right3);
    let x14 = quadSwapY(own3);
    l14 = add4(l14, x14, left0, left1, left2, left3);
    r14 = add4(r14, x14, right0, right1, right2, right3);
    let x15 = quadSwapDiagonal(own3);
    l15 = add4(l15, x15, left0, left1, left2, left3);
    r15 = add4(r15, x15, right0, right1, right2, right3);
  }
  storeTiles(row + 0u, column, inOrder(lane, mat4x4f(l0, l1, l2, l3)), inOrder(lane, mat4x4f(r0, r1, r2, r3)));
  storeTiles(row + 4u, column, inOrder(lane, mat4x4f(l4, l5, l6, l7)), inOrder(lane, mat4x4f(r4, r5, r6, r7)));
  storeTiles(row + 8u, column, inOrder(lane, mat4x4f(l8, l9, l10, l11)), inOrder(lane, mat4x4f(r8, r9, r10, r11)));
  storeTiles(row + 12u, column, inOrder(lane, mat4x4f(l12, l13, l14, l15)), inOrder(lane, mat4x4f(r12, r13, r14, r15)));
}
