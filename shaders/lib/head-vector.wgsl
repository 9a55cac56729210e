// One head's row of q, k, v or a gradient, in registers: HEAD_SIZE <= 128 elements, zero beyond. Named members rather
// than an array, because an array indexed by a loop variable leaves the registers (5 to 8 times slower on a software
// adapter). Branches on HEAD_SIZE are decided at compile time, so a small head pays for nothing beyond it.
// Needs `const HEAD_SIZE: u32`. Element 16 m + 4 i + j is member m, column i, row j.
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

fn matrixDot(a: mat4x4f, b: mat4x4f) -> f32 {
  return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) + dot(a[3], b[3]);
}

fn headDot(a: HeadVector, b: HeadVector) -> f32 {
  var sum = matrixDot(a.m0, b.m0);
  if (HEAD_SIZE > 16u) { sum += matrixDot(a.m1, b.m1); }
  if (HEAD_SIZE > 32u) { sum += matrixDot(a.m2, b.m2); }
  if (HEAD_SIZE > 48u) { sum += matrixDot(a.m3, b.m3); }
  if (HEAD_SIZE > 64u) { sum += matrixDot(a.m4, b.m4); }
  if (HEAD_SIZE > 80u) { sum += matrixDot(a.m5, b.m5); }
  if (HEAD_SIZE > 96u) { sum += matrixDot(a.m6, b.m6); }
  if (HEAD_SIZE > 112u) { sum += matrixDot(a.m7, b.m7); }
  return sum;
}

// a x + b y, element by element.
fn headBlend(a: f32, x: HeadVector, b: f32, y: HeadVector) -> HeadVector {
  var sum: HeadVector;
  sum.m0 = a * x.m0 + b * y.m0;
  if (HEAD_SIZE > 16u) { sum.m1 = a * x.m1 + b * y.m1; }
  if (HEAD_SIZE > 32u) { sum.m2 = a * x.m2 + b * y.m2; }
  if (HEAD_SIZE > 48u) { sum.m3 = a * x.m3 + b * y.m3; }
  if (HEAD_SIZE > 64u) { sum.m4 = a * x.m4 + b * y.m4; }
  if (HEAD_SIZE > 80u) { sum.m5 = a * x.m5 + b * y.m5; }
  if (HEAD_SIZE > 96u) { sum.m6 = a * x.m6 + b * y.m6; }
  if (HEAD_SIZE > 112u) { sum.m7 = a * x.m7 + b * y.m7; }
  return sum;
}

// x + b y, element by element.
fn headAdd(x: HeadVector, b: f32, y: HeadVector) -> HeadVector {
  var sum = x;
  sum.m0 += b * y.m0;
  if (HEAD_SIZE > 16u) { sum.m1 += b * y.m1; }
  if (HEAD_SIZE > 32u) { sum.m2 += b * y.m2; }
  if (HEAD_SIZE > 48u) { sum.m3 += b * y.m3; }
  if (HEAD_SIZE > 64u) { sum.m4 += b * y.m4; }
  if (HEAD_SIZE > 80u) { sum.m5 += b * y.m5; }
  if (HEAD_SIZE > 96u) { sum.m6 += b * y.m6; }
  if (HEAD_SIZE > 112u) { sum.m7 += b * y.m7; }
  return sum;
}

// Member m, as a value.
fn headMember(x: HeadVector, m: u32) -> mat4x4f {
  switch (m) {
    case 0u: { return x.m0; }
    case 1u: { return x.m1; }
    case 2u: { return x.m2; }
    case 3u: { return x.m3; }
    case 4u: { return x.m4; }
    case 5u: { return x.m5; }
    case 6u: { return x.m6; }
    default: { return x.m7; }
  }
}
