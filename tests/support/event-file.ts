import { BinaryReader } from "@bufbuild/protobuf/wire";

/** An event of a TensorBoard file. */
export interface ReadEvent {
  wallTime: number;
  step: number;
  fileVersion?: string;
  scalars: Record<string, number>;
}

/**
 * Reads an event file by its specification (https://www.tensorflow.org/tutorials/load_data/tfrecord), with a checksum that
 * goes bit by bit and a protobuf reader of others. Throws where a checksum is wrong or bytes are missing.
 */
export function readEventFile(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    requireChecksum(file.subarray(at, at + 8), view.getUint32(at + 8, true));
    const data = file.subarray(at + 12, at + 12 + length);
    requireChecksum(data, view.getUint32(at + 12 + length, true));
    events.push(readEvent(data));
    at += length + 16;
  }
  return events;
}

function readEvent(data: Uint8Array): ReadEvent {
  const event: ReadEvent = { wallTime: 0, step: 0, scalars: {} };
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) event.wallTime = reader.double();
    else if (field === 2) event.step = Number(reader.int64());
    else if (field === 3) event.fileVersion = reader.string();
    else if (field === 5) readSummary(reader.bytes(), event.scalars);
    else reader.skip(wireType);
  }
  return event;
}

function readSummary(data: Uint8Array, scalars: Record<string, number>): void {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== 1) {
      reader.skip(wireType);
      continue;
    }
    const value = new BinaryReader(reader.bytes());
    let tag = "";
    let scalar = Number.NaN;
    while (value.pos < value.len) {
      const [part, kind] = value.tag();
      if (part === 1) tag = value.string();
      else if (part === 2) scalar = value.float();
      else value.skip(kind);
    }
    scalars[tag] = scalar;
  }
}

function requireChecksum(data: Uint8Array, stored: number): void {
  const crc = BigInt(crcByBits(data));
  const masked = (((crc >> 15n) | ((crc << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn;
  if (BigInt(stored) !== masked) throw new Error(`checksum is ${stored}, not ${masked}`);
}

/** CRC-32C without a table: long division over the bits, reflected. */
function crcByBits(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    for (let bit = 0; bit < 8; bit++) {
      const odd = (crc ^ (byte >>> bit)) & 1;
      crc = (crc >>> 1) ^ (odd ? 0x82f63b78 : 0);
    }
  }
  return ~crc >>> 0;
}
