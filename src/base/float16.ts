/**
 * float16, the binary16 of IEEE 754, as it lies in memory: 1 sign, 5 exponent bits (bias 15), 10 of the mantissa. Its
 * largest number is 65504; the smallest above zero is 2^-24, and below 2^-14 digits are lost.
 */

/** The nearest float16 of a number, ties to even, as its 16 bits; beyond 65520 infinity. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const digits = size / 2 ** (exponent - 10) + 2 ** 52 - 2 ** 52; // rounds as float64 adds: to even
  return sign | (((exponent + 14) << 10) + digits); // 2048 digits carry into the exponent
}

/** The bits of a float16 → the bits of the equal float32 (8 of the exponent, bias 127, and 23). */
export function widenedBits(code: number): number {
  const sign = (code & 0x8000) << 16;
  const exponent = (code >> 10) & 0x1f;
  const mantissa = code & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // Subnormal, mantissa · 2^-24: normal in float32. Its leading one moves to bit 10, the implicit place.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}

/** The numbers that some float16 stand for. */
export function widened(codes: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Int32Array.from(codes, widenedBits).buffer);
}
