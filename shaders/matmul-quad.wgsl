// Variant: four neighbouring threads (a quad) make 8 rows by 32 columns. Each loads two of the eight values of A and gives them to
// the other three, so a thread has 10 loads for its 64 multiply-adds instead of 16. For machines where a load costs as much as many
// multiply-adds, and for those whose threads have few registers to spare. A workgroup is 16 quads: 4 across, 4 down. Needs `subgroups`.

// Rows of A that the four threads of a quad loaded.
fn shareRows(value: f32) -> vec4f {
  return vec4f(
    quadBroadcast(value, 0u),
    quadBroadcast(value, 1u),
    quadBroadcast(value, 2u),
    quadBroadcast(value, 3u),
  );
}

@compute @workgroup_size(64)
fn quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index & 3u;
  let row = 8u * (4u * group.y + (index >> 4u));
  let column = LEFT * (16u * group.x + (index & 15u));
  let aTop = A_ROW * min(row + lane, M - 1u);
  let aBottom = A_ROW * min(row + 4u + lane, M - 1u);
  let bLeft = columnOffsets(column);
  let bRight = columnOffsets(column + RIGHT);
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var k = 0u; k < K; k++) {
    let top = shareRows(a[aTop + k * A_STEP]);
    let bottom = shareRows(a[aBottom + k * A_STEP]);
    let left = loadB(bLeft + k * B_STEP);
    let right = loadB(bRight + k * B_STEP);
    topLeft += outer(top, left);
    topRight += outer(top, right);
    bottomLeft += outer(bottom, left);
    bottomRight += outer(bottom, right);
  }
  storeTiles(row, column, topLeft, topRight);
  storeTiles(row + 4u, column, bottomLeft, bottomRight);
}
