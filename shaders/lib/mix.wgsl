// mix32: every input bit reaches every output bit (constants of "lowbias32" by Chris Wellons). The same integer
// function as mix32 in src/base/random.ts; bitwise on every implementation, being integer only.
fn mix32(word: u32) -> u32 {
  var x = word;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}

// mix32 of four words.
fn mix32x4(words: vec4<u32>) -> vec4<u32> {
  var x = words;
  x = (x ^ (x >> vec4(16u))) * 0x7feb352du;
  x = (x ^ (x >> vec4(15u))) * 0x846ca68bu;
  return x ^ (x >> vec4(16u));
}
