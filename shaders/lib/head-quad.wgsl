// Sharing rows among the four lanes of a quad (after head-vector.wgsl; needs `subgroups`). Of a block of four rows each
// lane loads one, and gets the others from its neighbours: across X, across Y and across X again it has seen all
// four, each lane in another order. A row loaded once serves 4 lanes, and a swap costs a fraction of a load.
const rowsABlock = 4u;

@diagnostic(off, subgroup_uniformity) // bounds of loops are made the same in all of a quad
fn fourAcrossX(x: vec4f) -> vec4f {
  return quadSwapX(x);
}

@diagnostic(off, subgroup_uniformity)
fn fourAcrossY(x: vec4f) -> vec4f {
  return quadSwapY(x);
}

fn memberAcrossX(x: mat4x4f) -> mat4x4f {
  return mat4x4f(fourAcrossX(x[0]), fourAcrossX(x[1]), fourAcrossX(x[2]), fourAcrossX(x[3]));
}

fn memberAcrossY(x: mat4x4f) -> mat4x4f {
  return mat4x4f(fourAcrossY(x[0]), fourAcrossY(x[1]), fourAcrossY(x[2]), fourAcrossY(x[3]));
}

fn headAcrossX(x: HeadVector) -> HeadVector {
  var y: HeadVector;
  y.m0 = memberAcrossX(x.m0);
  if (HEAD_SIZE > 16u) { y.m1 = memberAcrossX(x.m1); }
  if (HEAD_SIZE > 32u) { y.m2 = memberAcrossX(x.m2); }
  if (HEAD_SIZE > 48u) { y.m3 = memberAcrossX(x.m3); }
  if (HEAD_SIZE > 64u) { y.m4 = memberAcrossX(x.m4); }
  if (HEAD_SIZE > 80u) { y.m5 = memberAcrossX(x.m5); }
  if (HEAD_SIZE > 96u) { y.m6 = memberAcrossX(x.m6); }
  if (HEAD_SIZE > 112u) { y.m7 = memberAcrossX(x.m7); }
  return y;
}

fn headAcrossY(x: HeadVector) -> HeadVector {
  var y: HeadVector;
  y.m0 = memberAcrossY(x.m0);
  if (HEAD_SIZE > 16u) { y.m1 = memberAcrossY(x.m1); }
  if (HEAD_SIZE > 32u) { y.m2 = memberAcrossY(x.m2); }
  if (HEAD_SIZE > 48u) { y.m3 = memberAcrossY(x.m3); }
  if (HEAD_SIZE > 64u) { y.m4 = memberAcrossY(x.m4); }
  if (HEAD_SIZE > 80u) { y.m5 = memberAcrossY(x.m5); }
  if (HEAD_SIZE > 96u) { y.m6 = memberAcrossY(x.m6); }
  if (HEAD_SIZE > 112u) { y.m7 = memberAcrossY(x.m7); }
  return y;
}

// The rows of a block that this lane sees, in its order. No assumption which invocations make a quad, but that the four of
// one have indices that differ modulo 4.
fn blockOrder(lane: u32) -> vec4u {
  let own = lane % 4u;
  let x = quadSwapX(own);
  let xy = quadSwapY(x);
  return vec4u(own, x, xy, quadSwapX(xy));
}

// The largest of a quad's four numbers.
fn quadLargest(x: u32) -> u32 {
  let pair = max(x, quadSwapX(x));
  return max(pair, quadSwapY(pair));
}

fn quadSmallest(x: u32) -> u32 {
  let pair = min(x, quadSwapX(x));
  return min(pair, quadSwapY(pair));
}
