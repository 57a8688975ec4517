import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Column } from "../base/column.js";
import { openUnlinked } from "../base/unlinked-node.js";

/**
 * Entries that several processes may read and write at once, in a folder or, for one process, in temporary files. An entry
 * is some 32-bit words under a hash of 16 bytes. Each run appends to two files of its own: the words, and then a record of
 * 32 bytes for each entry (`*.index`):
 *
 *     16  first bytes of the SHA-256 of the entry's key
 *      8  where its words begin, in bytes
 *      4  how many they are
 *      4  checksum of the 28 bytes before and of the words
 *
 * A run that is killed leaves at most words without a record or a part of a record. What is cut off, changed or gone is as
 * if it had never been there.
 */
export class Segments {
  private readonly options: SegmentOptions;
  private readonly sources: Source[] = [];
  /** Two words of each entry's hash, by the entry's number. */
  private readonly first = new Column();
  private readonly second = new Column();
  /** Open addressing with linear probing: entry + 1, or 0. */
  private slots = new Uint32Array(1024);
  private readonly damaged = new Set<number>();
  private own: OwnSource | undefined;
  private readonly record = Buffer.alloc(RECORD);
  /** Why no more can be kept: a sentence of the file system. */
  problem: string | undefined;

  constructor(options: SegmentOptions) {
    this.options = options;
    closing.register(this, this.sources);
    const { folder } = options;
    if (folder === undefined) return;
    for (const name of readdirSync(folder)
      .filter((name) => name.endsWith(INDEX))
      .sort())
      this.addSource(join(folder, name.slice(0, -INDEX.length)));
  }

  /** The number of an intact entry; undefined where there is none. */
  find(id: Buffer): { entry: number; words: Uint32Array } | undefined {
    const [first, second] = [id.readUInt32LE(0), id.readUInt32LE(4)];
    const mask = this.slots.length - 1;
    for (let slot = first & mask; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]! - 1;
      if (this.first.at(entry) !== first || this.second.at(entry) !== second || this.damaged.has(entry))
        continue;
      const words = this.read(entry, id);
      if (words) return { entry, words };
      this.damaged.add(entry); // put anew
    }
    return undefined;
  }

  /** Whether there is an entry that hasn't been found damaged. */
  has(id: Buffer): boolean {
    const [first, second] = [id.readUInt32LE(0), id.readUInt32LE(4)];
    const mask = this.slots.length - 1;
    for (let slot = first & mask; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]! - 1;
      if (this.first.at(entry) === first && this.second.at(entry) === second && !this.damaged.has(entry))
        return true;
    }
    return false;
  }

  /** Appends an entry and gives its number; undefined where there is no room. */
  put(id: Buffer, words: Uint32Array): number | undefined {
    if (this.problem !== undefined || !this.options.makeRoom(words.byteLength + RECORD)) return undefined;
    try {
      this.own ??= this.createSource();
      const { own } = this;
      const entry = this.first.length;
      own.data.append(bytesOf(words));
      own.index.append(recordOf(id, own.data.end - words.byteLength, words));
      if (own.data.waiting >= this.options.writeAtOnce) flush(own);
      this.add(id.readUInt32LE(0), id.readUInt32LE(4));
      return entry;
    } catch (error) {
      this.problem = (error as Error).message;
      this.own?.data.drop();
      this.own?.index.drop();
      return undefined;
    }
  }

  /** The words of an entry; undefined where they aren't those that were written. `id` is the hash that it should have. */
  read(entry: number, id?: Buffer): Uint32Array | undefined {
    const source = this.sourceOf(entry);
    try {
      if (source === this.own) flush(this.own!);
      source.indexFile ??= openSync(source.path + INDEX, "r");
      const { record } = this;
      const position = (entry - source.firstEntry) * RECORD;
      if (readSync(source.indexFile, record, 0, RECORD, position) !== RECORD) return undefined;
      if (id && record.compare(id, 0, 16, 0, 16) !== 0) return undefined;
      const [offset, length] = [Number(record.readBigUInt64LE(16)), record.readUInt32LE(24)];
      source.dataFile ??= openSync(source.path + this.options.ending, "r");
      source.size ??= statSync(source.path + this.options.ending).size;
      if (length === 0 || (source !== this.own && offset + 4 * length > source.size)) return undefined;
      const words = new Uint32Array(length);
      if (readSync(source.dataFile, words, 0, words.byteLength, offset) !== words.byteLength)
        return undefined;
      return checksumOf(record, words) === record.readUInt32LE(28) ? words : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether this run wrote an entry. */
  isOwn(entry: number): boolean {
    return this.own !== undefined && this.sourceOf(entry) === this.own;
  }

  /**
   * Writes what waits, and forgets the hashes, which take most of the memory: entries are still read by their numbers, but
   * neither found nor put any more.
   */
  finish(): void {
    try {
      if (this.own) flush(this.own);
    } catch {
      // what isn't written is computed again
    }
    this.slots = new Uint32Array(1024);
    this.first.clear();
    this.second.clear();
  }

  close(): void {
    this.finish();
    this.own = undefined;
    closeAll(this.sources);
  }

  private addSource(path: string): void {
    const firstEntry = this.first.length;
    let file: number;
    try {
      file = openSync(path + INDEX, "r");
    } catch {
      return;
    }
    try {
      const block = Buffer.alloc(1024 * RECORD);
      for (let at = 0; ; at += block.length) {
        const read = readSync(file, block, 0, block.length, at);
        for (let record = 0; record + RECORD <= read; record += RECORD)
          this.add(block.readUInt32LE(record), block.readUInt32LE(record + 4));
        if (read < block.length) break;
      }
    } catch {
      // what was read can be used
    } finally {
      closeSync(file);
    }
    if (this.first.length > firstEntry) this.sources.push({ path, firstEntry });
  }

  private createSource(): OwnSource {
    const { folder, ending } = this.options;
    const path = join(folder ?? "", randomUUID());
    const open = (file: string) => (folder === undefined ? openUnlinked() : openSync(file, "wx+", 0o600));
    const dataFile = open(path + ending);
    const indexFile = open(path + INDEX);
    const own: OwnSource = {
      path,
      firstEntry: this.first.length,
      size: Number.POSITIVE_INFINITY,
      dataFile,
      indexFile,
      data: new Appender(dataFile),
      index: new Appender(indexFile),
    };
    this.sources.push(own);
    return own;
  }

  private sourceOf(entry: number): Source {
    return this.sources.findLast(({ firstEntry }) => firstEntry <= entry)!;
  }

  private add(first: number, second: number): void {
    this.first.push(first);
    this.second.push(second);
    if (this.first.length > 0.6 * this.slots.length) this.enlarge();
    else this.link(this.first.length - 1);
  }

  private enlarge(): void {
    this.slots = new Uint32Array(2 * this.slots.length);
    for (let entry = 0; entry < this.first.length; entry++) this.link(entry);
  }

  private link(entry: number): void {
    const mask = this.slots.length - 1;
    let slot = this.first.at(entry) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = entry + 1;
  }
}

export interface SegmentOptions {
  /** Where entries are kept for later runs; undefined: in temporary files that nobody else sees. */
  folder: string | undefined;
  /** Of the files with the words, such as `.features`. */
  ending: string;
  /** Whether so many bytes more may be written. */
  makeRoom: (bytes: number) => boolean;
  /** Bytes that may wait to be written; 0: each entry is written when it is put. */
  writeAtOnce: number;
}

const INDEX = ".index";
const RECORD = 32;

/** How many entries a file of a segment tells of, by its name and size. */
export const entriesIn = (file: string, bytes: number): number =>
  file.endsWith(INDEX) ? Math.floor(bytes / RECORD) : 0;

/** The hash under which an entry is kept. */
export const idOf = (key: string): Buffer => createHash("sha256").update(key).digest().subarray(0, 16);

/** The files of one run; opened when something in them is first read. */
interface Source {
  /** Without the files' endings. */
  readonly path: string;
  /** Entries are numbered from one file to the next. */
  readonly firstEntry: number;
  indexFile?: number;
  dataFile?: number;
  /** Of the file with the words, in bytes. */
  size?: number;
}

/** Files are closed at the latest when nothing refers to their segments any more. */
const closing = new FinalizationRegistry<Source[]>(closeAll);

function closeAll(sources: Source[]): void {
  for (const { indexFile, dataFile } of sources.splice(0))
    for (const file of [indexFile, dataFile]) if (file !== undefined) closeSync(file);
}

/** The files that this run appends to. */
interface OwnSource extends Source {
  readonly data: Appender;
  readonly index: Appender;
}

/** Appends to a file, many small pieces at once. */
class Appender {
  private readonly file: number;
  private pieces: Uint8Array[] = [];
  private written = 0;
  waiting = 0;

  constructor(file: number) {
    this.file = file;
  }

  get end(): number {
    return this.written + this.waiting;
  }

  append(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.waiting += bytes.byteLength;
  }

  /** Gives up what waits. */
  drop(): void {
    this.pieces = [];
    this.waiting = 0;
  }

  flush(): void {
    if (this.waiting === 0) return;
    const all = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
    if (writeSync(this.file, all, 0, all.byteLength, this.written) !== all.byteLength)
      throw new Error("the disk is full");
    this.written += all.byteLength;
    this.drop();
  }
}

/** Words first: a record never names what isn't there. */
function flush({ data, index }: OwnSource): void {
  data.flush();
  index.flush();
}

function recordOf(id: Buffer, offset: number, words: Uint32Array): Buffer {
  const record = Buffer.alloc(RECORD);
  id.copy(record, 0, 0, 16);
  record.writeBigUInt64LE(BigInt(offset), 16);
  record.writeUInt32LE(words.length, 24);
  record.writeUInt32LE(checksumOf(record, words), 28);
  return record;
}

const bytesOf = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** MurmurHash3 over 32-bit words: any change within one word changes it. https://en.wikipedia.org/wiki/MurmurHash */
function checksumOf(record: Buffer, words: Uint32Array): number {
  let hash = 0;
  const mix = (word: number): void => {
    const k = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  };
  for (let at = 0; at < 28; at += 4) mix(record.readInt32LE(at));
  for (const word of words) mix(word);
  return hash >>> 0;
}
