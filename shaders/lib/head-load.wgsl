// Reading rows of heads from `qkv` [rows, packedWidth], and turning q and k as they are read (after head-vector.wgsl).
// Needs `qkv` of any float type, `table` (cosine and sine of every position and pair, [SEQUENCE, half, 2]), HEADS, KV_HEADS, and, each 0 or 1,
// TURN (q and k are turned as they are read; otherwise they are so already, or have no positions) and TURN_BACK (gradients
// are to belong to q and k as they were before they were turned). With neither, `table` is not read.
const packedWidth = (HEADS + 2u * KV_HEADS) * HEAD_SIZE;

fn qkvElement(at: u32, i: u32) -> f32 {
  if (i < half) {
    return f32(qkv[at + i]);
  }
  return 0.0;
}

fn qkvFour(at: u32, i: u32) -> vec4f {
  return vec4f(qkvElement(at, i), qkvElement(at, i + 1u), qkvElement(at, i + 2u), qkvElement(at, i + 3u));
}

fn qkvMember(at: u32, i: u32) -> mat4x4f {
  return mat4x4f(qkvFour(at, i), qkvFour(at + half, i), qkvFour(at, i + 4u), qkvFour(at + half, i + 4u));
}

fn loadHead(at: u32) -> HeadVector {
  var x: HeadVector;
  x.m0 = qkvMember(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = qkvMember(at, 8u); }
  if (HEAD_SIZE > 32u) { x.m2 = qkvMember(at, 16u); }
  if (HEAD_SIZE > 48u) { x.m3 = qkvMember(at, 24u); }
  if (HEAD_SIZE > 64u) { x.m4 = qkvMember(at, 32u); }
  if (HEAD_SIZE > 80u) { x.m5 = qkvMember(at, 40u); }
  if (HEAD_SIZE > 96u) { x.m6 = qkvMember(at, 48u); }
  if (HEAD_SIZE > 112u) { x.m7 = qkvMember(at, 56u); }
  return x;
}

fn angle(at: u32, i: u32) -> vec2f {
  if (i < half) {
    return vec2f(table[at + 2u * i], table[at + 2u * i + 1u]);
  }
  return vec2f();
}

fn angleMember(at: u32, i: u32) -> mat4x4f {
  let a = transpose(mat4x2f(angle(at, i), angle(at, i + 1u), angle(at, i + 2u), angle(at, i + 3u)));
  let b = transpose(mat4x2f(angle(at, i + 4u), angle(at, i + 5u), angle(at, i + 6u), angle(at, i + 7u)));
  return mat4x4f(a[0], a[1], b[0], b[1]);
}

fn loadAngles(position: u32) -> HeadVector {
  let at = position * HEAD_SIZE;
  var x: HeadVector;
  x.m0 = angleMember(at, 0u);
  if (HEAD_SIZE > 16u) { x.m1 = angleMember(at, 8u); }
  if (HEAD_SIZE > 32u) { x.m2 = angleMember(at, 16u); }
  if (HEAD_SIZE > 48u) { x.m3 = angleMember(at, 24u); }
  if (HEAD_SIZE > 64u) { x.m4 = angleMember(at, 32u); }
  if (HEAD_SIZE > 80u) { x.m5 = angleMember(at, 40u); }
  if (HEAD_SIZE > 96u) { x.m6 = angleMember(at, 48u); }
  if (HEAD_SIZE > 112u) { x.m7 = angleMember(at, 56u); }
  return x;
}

// A row of q or k, turned by its position.
fn loadTurned(at: u32, position: u32) -> HeadVector {
  let x = loadHead(at);
  if (TURN == 1u) {
    return headTurn(x, loadAngles(position));
  }
  return x;
}

// A gradient by a turned row is turned back: a rotation's transpose is its inverse.
fn turnBack(x: HeadVector, position: u32) -> HeadVector {
  if (TURN_BACK == 1u) {
    let angles = loadAngles(position);
    return headTurn(x, HeadVector(
      memberBack(angles.m0), memberBack(angles.m1), memberBack(angles.m2), memberBack(angles.m3),
      memberBack(angles.m4), memberBack(angles.m5), memberBack(angles.m6), memberBack(angles.m7)));
  }
  return x;
}

fn memberBack(angles: mat4x4f) -> mat4x4f {
  return mat4x4f(angles[0], -angles[1], angles[2], -angles[3]);
}
