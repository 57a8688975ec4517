import { crc32c } from "./crc32c.js";

/**
 * Records of an event file as TensorBoard reads them: TFRecords with an `Event` message each.
 * https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */

/** The first record of a file. `time` in milliseconds since 1970. */
export const firstRecord = (time: number): Uint8Array =>
  record([...double(1, time / 1000), ...bytes(3, utf8("brain.Event:2"))]);

/** Some numbers at a step, by tag. */
export function scalarsRecord(
  time: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    bytes(1, [...bytes(1, utf8(tag)), ...float(2, value)]),
  );
  return record([...double(1, time / 1000), ...varint(2, step), ...bytes(5, values)]);
}

/** Length, masked checksum of the length, data, masked checksum of the data. */
function record(data: readonly number[]): Uint8Array {
  const file = new Uint8Array(data.length + 16);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(file.subarray(0, 8))), true);
  file.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(file.subarray(12, 12 + data.length))), true);
  return file;
}

/** Rotated and shifted, so that a checksum of data that holds checksums stays a good one. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

// Fields of protocol buffers: number and wire type, then the value. https://protobuf.dev/programming-guides/encoding/
const field = (number: number, wireType: number): number[] => varintOf((number << 3) | wireType);
const varint = (number: number, value: number): number[] => [...field(number, 0), ...varintOf(value)];
const bytes = (number: number, value: readonly number[]): number[] => [
  ...field(number, 2),
  ...varintOf(value.length),
  ...value,
];
const double = (number: number, value: number): number[] => [
  ...field(number, 1),
  ...new Uint8Array(Float64Array.of(value).buffer),
];
const float = (number: number, value: number): number[] => [
  ...field(number, 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

function varintOf(value: number): number[] {
  const found: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) found.push((rest % 0x80) | 0x80);
  return [...found, rest];
}

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
