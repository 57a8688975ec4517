import { Column } from "../base/column.js";
import { mix } from "./minhash.js";

/**
 * Gives equal texts equal numbers, counted from 0 in the order in which texts first come. Texts are told apart by 64 bits
 * of hash: among ten million, two different ones meet with a probability of 3 in a million. 16 to 32 bytes for each.
 */
export class TextNumbers {
  private readonly low = new Column();
  private readonly high = new Column();
  /** Open addressing with linear probing: number + 1, or 0 where nothing is. */
  private slots = new Uint32Array(1024);

  /** How many different texts there were. */
  get count(): number {
    return this.low.length;
  }

  /** The number of a text, which gets the next one if it is new. */
  numberOf(text: string): number {
    this.seek(text);
    return this.found === -1 ? this.add(this.slot, this.hashLow, this.hashHigh) : this.found;
  }

  /** The number of a text; undefined if it is new. */
  find(text: string): number | undefined {
    this.seek(text);
    return this.found === -1 ? undefined : this.found;
  }

  // What `seek` found, kept here to allocate nothing: the text's hash, its number or -1, and the slot where it belongs.
  private hashLow = 0;
  private hashHigh = 0;
  private found = -1;
  private slot = 0;

  private seek(text: string): void {
    let low = 0x9e3779b1;
    let high = 0x85ebca77;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul((high << 13) | (high >>> 19), 5) + Math.imul(unit + 1, 0xcc9e2d51);
    }
    low = mix(low ^ text.length);
    high = mix(high ^ low);
    this.hashLow = low;
    this.hashHigh = high;
    const mask = this.slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      this.slot = slot;
      this.found = this.slots[slot]! - 1;
      if (this.found === -1) return;
      if (this.low.at(this.found) === low && this.high.at(this.found) === high) return;
    }
  }

  private add(slot: number, low: number, high: number): number {
    const number = this.low.length;
    this.low.push(low);
    this.high.push(high);
    this.slots[slot] = number + 1;
    if (this.count > 0.6 * this.slots.length) this.enlarge();
    return number;
  }

  private enlarge(): void {
    const slots = new Uint32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = this.low.at(number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.slots = slots;
  }
}
