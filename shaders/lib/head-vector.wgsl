// One head's row of q, k, v or a gradient, in registers: HEAD_SIZE <= 128 elements (even), zero beyond. Named members
// rather than an array, because an array indexed by a loop variable leaves the registers (5 to 8 times slower on a
// software adapter). Branches on HEAD_SIZE are decided at compile time, so a small head pays for nothing beyond it.
// Needs `const HEAD_SIZE: u32`.
//
// Rotary positions turn element i together with element i + half, so the two lie side by side: member m holds in its
// columns elements 8 m.. of the first half, the same of the second half, 8 m + 4.. of the first, the same of the second.
// A dot product does not mind the order, and a rotation needs no other member.
struct HeadVector {
  m0: mat4x4f,
  m1: mat4x4f,
  m2: mat4x4f,
  m3: mat4x4f,
  m4: mat4x4f,
  m5: mat4x4f,
  m6: mat4x4f,
  m7: mat4x4f,
}

const half = HEAD_SIZE / 2u;

fn memberDot(a: mat4x4f, b: mat4x4f) -> f32 {
  let sums = fma(a[3], b[3], fma(a[2], b[2], fma(a[1], b[1], a[0] * b[0])));
  return (sums.x + sums.y) + (sums.z + sums.w);
}

fn headDot(a: HeadVector, b: HeadVector) -> f32 {
  var sum = memberDot(a.m0, b.m0);
  if (HEAD_SIZE > 16u) { sum += memberDot(a.m1, b.m1); }
  if (HEAD_SIZE > 32u) { sum += memberDot(a.m2, b.m2); }
  if (HEAD_SIZE > 48u) { sum += memberDot(a.m3, b.m3); }
  if (HEAD_SIZE > 64u) { sum += memberDot(a.m4, b.m4); }
  if (HEAD_SIZE > 80u) { sum += memberDot(a.m5, b.m5); }
  if (HEAD_SIZE > 96u) { sum += memberDot(a.m6, b.m6); }
  if (HEAD_SIZE > 112u) { sum += memberDot(a.m7, b.m7); }
  return sum;
}

// a x, element by element.
fn headScale(a: f32, x: HeadVector) -> HeadVector {
  var y: HeadVector;
  y.m0 = a * x.m0;
  if (HEAD_SIZE > 16u) { y.m1 = a * x.m1; }
  if (HEAD_SIZE > 32u) { y.m2 = a * x.m2; }
  if (HEAD_SIZE > 48u) { y.m3 = a * x.m3; }
  if (HEAD_SIZE > 64u) { y.m4 = a * x.m4; }
  if (HEAD_SIZE > 80u) { y.m5 = a * x.m5; }
  if (HEAD_SIZE > 96u) { y.m6 = a * x.m6; }
  if (HEAD_SIZE > 112u) { y.m7 = a * x.m7; }
  return y;
}

fn memberAdd(x: mat4x4f, b: f32, y: mat4x4f) -> mat4x4f {
  let f = vec4f(b);
  return mat4x4f(fma(f, y[0], x[0]), fma(f, y[1], x[1]), fma(f, y[2], x[2]), fma(f, y[3], x[3]));
}

// x + b y, element by element.
fn headAdd(x: HeadVector, b: f32, y: HeadVector) -> HeadVector {
  var sum: HeadVector;
  sum.m0 = memberAdd(x.m0, b, y.m0);
  if (HEAD_SIZE > 16u) { sum.m1 = memberAdd(x.m1, b, y.m1); }
  if (HEAD_SIZE > 32u) { sum.m2 = memberAdd(x.m2, b, y.m2); }
  if (HEAD_SIZE > 48u) { sum.m3 = memberAdd(x.m3, b, y.m3); }
  if (HEAD_SIZE > 64u) { sum.m4 = memberAdd(x.m4, b, y.m4); }
  if (HEAD_SIZE > 80u) { sum.m5 = memberAdd(x.m5, b, y.m5); }
  if (HEAD_SIZE > 96u) { sum.m6 = memberAdd(x.m6, b, y.m6); }
  if (HEAD_SIZE > 112u) { sum.m7 = memberAdd(x.m7, b, y.m7); }
  return sum;
}

// Turns the pairs of a member by angles: their cosines in columns 0 and 2, their sines in 1 and 3.
fn memberTurn(x: mat4x4f, angles: mat4x4f) -> mat4x4f {
  return mat4x4f(
    x[0] * angles[0] - x[1] * angles[1],
    x[1] * angles[0] + x[0] * angles[1],
    x[2] * angles[2] - x[3] * angles[3],
    x[3] * angles[2] + x[2] * angles[3],
  );
}

// Rotary positions: rotary.wgsl.
fn headTurn(x: HeadVector, angles: HeadVector) -> HeadVector {
  var y: HeadVector;
  y.m0 = memberTurn(x.m0, angles.m0);
  if (HEAD_SIZE > 16u) { y.m1 = memberTurn(x.m1, angles.m1); }
  if (HEAD_SIZE > 32u) { y.m2 = memberTurn(x.m2, angles.m2); }
  if (HEAD_SIZE > 48u) { y.m3 = memberTurn(x.m3, angles.m3); }
  if (HEAD_SIZE > 64u) { y.m4 = memberTurn(x.m4, angles.m4); }
  if (HEAD_SIZE > 80u) { y.m5 = memberTurn(x.m5, angles.m5); }
  if (HEAD_SIZE > 96u) { y.m6 = memberTurn(x.m6, angles.m6); }
  if (HEAD_SIZE > 112u) { y.m7 = memberTurn(x.m7, angles.m7); }
  return y;
}
