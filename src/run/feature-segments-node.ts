import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { FeatureStore } from "./feature-cache.js";

/**
 * Features in a folder that several processes may use at once. Each run appends to two files of its own: the features
 * as float32 (`*.features`), and then a record of 32 bytes for each text (`*.index`):
 *
 *     16  first bytes of the SHA-256 of the text's key
 *      8  where its features begin, in bytes
 *      4  how many values they are
 *      4  checksum of the 28 bytes before and of the features
 *
 * A run that is killed leaves at most features without a record or a part of a record. What is cut off, changed or
 * gone is as if it had never been there. `makeRoom` says whether so many bytes more may be written.
 */
export function segmentFeatures(folder: string, makeRoom: (bytes: number) => boolean): FeatureStore {
  const places = new Map<string, Place>();
  const sources: Source[] = [];
  for (const name of readdirSync(folder)
    .filter((name) => name.endsWith(INDEX))
    .sort()) {
    const source: Source = { path: join(folder, name.slice(0, -INDEX.length) + DATA) };
    sources.push(source);
    for (const place of placesOf(join(folder, name), source)) {
      const next = places.get(place.id);
      places.set(place.id, next ? { ...place, next } : place);
    }
  }
  let own: Segment | undefined;
  let reused = 0;
  let problem: string | undefined;

  return {
    get(key) {
      const id = idOf(key);
      for (let place = places.get(id); place; place = place.next) {
        const features = featuresAt(place);
        if (!features) continue;
        if (place.source !== own?.source && !place.counted) reused++;
        place.counted = true;
        return features;
      }
      places.delete(id); // put anew
      return undefined;
    },
    put(key, features) {
      const id = idOf(key);
      if (places.has(id)) return true;
      if (problem !== undefined || !makeRoom(features.byteLength + RECORD)) return false;
      try {
        own ??= createSegment(folder, sources);
        places.set(id, append(own, id, features));
        return true;
      } catch (error) {
        problem = `Not all features could be kept for later runs: ${(error as Error).message}.`;
        return false;
      }
    },
    use: () => (problem === undefined ? { reused } : { reused, problem }),
    close() {
      if (own) closeSync(own.index);
      own = undefined;
      for (const { file } of sources.splice(0)) if (file !== undefined) closeSync(file);
      places.clear();
    },
  };
}

const INDEX = ".index";
const DATA = ".features";
const RECORD = 32;

/** How many texts a file of a segment tells of, by its name and size. */
export const textsIn = (file: string, bytes: number): number =>
  file.endsWith(INDEX) ? Math.floor(bytes / RECORD) : 0;

/** A file of features; opened when the first is read. */
interface Source {
  readonly path: string;
  file?: number;
}

/** Where a text's features lie; `next` is another place, should this one be damaged. */
interface Place {
  readonly id: string;
  readonly source: Source;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
  readonly next?: Place;
  counted?: boolean;
}

/** The two files that this run appends to. */
interface Segment {
  readonly source: Source & { file: number };
  readonly index: number;
  end: number;
}

/** 16 bytes as a string. */
const idOf = (key: string): string => createHash("sha256").update(key).digest().toString("latin1", 0, 16);

/** The places that an index names; none where it can't be read. */
function placesOf(path: string, source: Source): Place[] {
  let index: Buffer;
  let size: number;
  try {
    index = readFileSync(path);
    size = statSync(source.path).size;
  } catch {
    return [];
  }
  const found: Place[] = [];
  for (let at = 0; at + RECORD <= index.length; at += RECORD) {
    const place = {
      id: index.toString("latin1", at, at + 16),
      source,
      offset: Number(index.readBigUInt64LE(at + 16)),
      length: index.readUInt32LE(at + 24),
      checksum: index.readUInt32LE(at + 28),
    };
    if (place.length > 0 && place.offset + 4 * place.length <= size) found.push(place);
  }
  return found;
}

/** Reads features; undefined where they aren't those that were written. */
function featuresAt({ id, source, offset, length, checksum }: Place): Float32Array | undefined {
  const features = new Float32Array(length);
  try {
    source.file ??= openSync(source.path, "r");
    const bytes = readSync(source.file, features, 0, features.byteLength, offset);
    if (bytes !== features.byteLength) return undefined;
  } catch {
    return undefined;
  }
  return checksumOf(recordOf(id, offset, length), features) === checksum ? features : undefined;
}

function createSegment(folder: string, sources: Source[]): Segment {
  const path = join(folder, randomUUID());
  const source = { path: path + DATA, file: openSync(path + DATA, "wx+", 0o600) };
  sources.push(source);
  return { source, index: openSync(path + INDEX, "wx", 0o600), end: 0 };
}

/** Features first: a record never names what isn't there. */
function append(segment: Segment, id: string, features: Float32Array): Place {
  const { source, index, end: offset } = segment;
  const record = recordOf(id, offset, features.length);
  const checksum = checksumOf(record, features);
  record.writeUInt32LE(checksum, 28);
  segment.end = offset + features.byteLength;
  writeWhole(source.file, features, offset);
  writeWhole(index, record, null);
  return { id, source, offset, length: features.length, checksum };
}

function writeWhole(file: number, data: Float32Array | Buffer, position: number | null): void {
  const written = writeSync(file, data, 0, data.byteLength, position);
  if (written !== data.byteLength) throw new Error("the disk is full");
}

/** A record whose checksum is still 0. */
function recordOf(id: string, offset: number, length: number): Buffer {
  const record = Buffer.alloc(RECORD);
  record.write(id, 0, "latin1");
  record.writeBigUInt64LE(BigInt(offset), 16);
  record.writeUInt32LE(length, 24);
  return record;
}

/** MurmurHash3 over 32-bit words: any change within one word changes it. https://en.wikipedia.org/wiki/MurmurHash */
function checksumOf(record: Buffer, features: Float32Array): number {
  let hash = 0;
  const mix = (word: number): void => {
    const k = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  };
  for (let at = 0; at < 28; at += 4) mix(record.readInt32LE(at));
  for (const word of new Int32Array(features.buffer, features.byteOffset, features.length)) mix(word);
  return hash >>> 0;
}
