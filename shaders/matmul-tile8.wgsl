// Variant: a thread makes 8 x 8 products, a workgroup of 8 x 4 threads 64 columns by 32 rows. No workgroup memory, nothing but
// baseline WebGPU: 16 loads for 64 multiply-adds.

@compute @workgroup_size(8, 4)
fn tile8(@builtin(global_invocation_id) id: vec3u) {
  batch = id.z;
  let row = 8u * id.y;
  let column = LEFT * id.x;
  let aTop = rowOffsets(row);
  let aBottom = rowOffsets(row + 4u);
  let bLeft = columnOffsets(column);
  let bRight = columnOffsets(column + RIGHT);
  var topLeft = mat4x4f();
  var topRight = mat4x4f();
  var bottomLeft = mat4x4f();
  var bottomRight = mat4x4f();
  for (var k = 0u; k < K; k++) {
    let top = loadA(aTop + k * A_STEP);
    let bottom = loadA(aBottom + k * A_STEP);
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
