// Variant: a thread makes 4 x 4 products, a workgroup of 8 x 8 threads 32 x 32; for outputs too small to fill larger tiles.

@compute @workgroup_size(8, 8)
fn tile4(@builtin(global_invocation_id) id: vec3u) {
  batch = id.z;
  let row = 4u * id.y;
  let column = 4u * id.x;
  let aRows = rowOffsets(row);
  let bColumns = columnOffsets(column);
  var tile = mat4x4f();
  for (var k = 0u; k < K; k++) {
    tile += outer(loadA(aRows + k * A_STEP), loadB(bColumns + k * B_STEP));
  }
  storeTile(row, column, tile);
}
