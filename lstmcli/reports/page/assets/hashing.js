// The hashes of features: crc32 of UTF-8, and products of 64 bits of which only the folded halves are needed.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
const ENCODER = new TextEncoder();

// As Python's zlib.crc32(text.encode(), seed).
function crc32(text, seed = 0) {
  let crc = ~seed;
  for (const byte of ENCODER.encode(text)) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// The xor of both halves of (number * factor) modulo 2^64. Since x ^ (x >> 32) of an xor is the xor of those of its
// parts, 32 bits of each product are all that a bucket needs.
function folded(number, factor) {
  const product = BigInt.asUintN(64, number * factor);
  return Number((product ^ (product >> 32n)) & 0xffffffffn) | 0;
}
