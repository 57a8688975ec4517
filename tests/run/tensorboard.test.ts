import { expect, test } from "vitest";
import { firstRecord, scalarsRecord } from "../../src/run/tensorboard.js";
import { readEventFile } from "../support/event-file.js";

test("an event file is read back by another reader", () => {
  const scalars = { "train/loss": 0.5, "train/learning_rate": 5e-5, "häßlich/😀": -1e30 };
  const file = Buffer.concat([
    firstRecord(1_700_000_000_123),
    scalarsRecord(1_700_000_001_000, 1, scalars),
    scalarsRecord(1_700_000_002_000, 5_000_000_000, { "eval/loss": Number.NaN }),
  ]);
  const [first, second, third] = readEventFile(file);
  expect(first).toEqual({ wallTime: 1_700_000_000.123, step: 0, fileVersion: "brain.Event:2", scalars: {} });
  expect(second).toMatchObject({ wallTime: 1_700_000_001, step: 1 });
  const float32 = Object.entries(scalars).map(([tag, value]) => [tag, Math.fround(value)]);
  expect(second!.scalars).toEqual(Object.fromEntries(float32));
  expect(third).toMatchObject({ step: 5_000_000_000, scalars: { "eval/loss": Number.NaN } });
});

test("the file begins as those of TensorFlow do", () => {
  // The first record of their files has 24 bytes, too, and so the same length and checksum of it.
  expect(Buffer.from(firstRecord(0)).subarray(0, 12).toString("hex")).toBe("1800000000000000a37f4b22");
});

test("the reader of this test refuses a changed byte", () => {
  const file = scalarsRecord(0, 1, { loss: 1 });
  for (let i = 0; i < file.length; i++) {
    const changed = file.slice();
    changed[i]! ^= 1;
    expect(() => readEventFile(changed)).toThrow();
  }
});
