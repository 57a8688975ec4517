import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.js";

const VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[TASK]", "a", "b"];
const [CLS, SEP, TASK, A, B] = [2, 3, 4, 5, 6] as const;

/** A tokenizer of the words a and b with some post-processor. */
function withPostProcessor(postProcessor: object | null): Tokenizer {
  const definition = JSON.parse(createTokenizer({ vocabTxt: VOCABULARY.join("\n") }).json) as object;
  return createTokenizer({ tokenizerJson: JSON.stringify({ ...definition, post_processor: postProcessor }) });
}

const special = (id: string, type: number): object => ({ SpecialToken: { id, type_id: type } });
const text = (id: string, type: number): object => ({ Sequence: { id, type_id: type } });
const template = (single: object[], pair: object[]): object => ({
  type: "TemplateProcessing",
  single,
  pair,
  special_tokens: {},
});

const bert = createTokenizer({ vocabTxt: VOCABULARY.join("\n") });
const pair = { sep: ["[SEP]", SEP], cls: ["[CLS]", CLS] };
const task = template(
  [special("[TASK]", 1), special("[CLS]", 0), text("A", 0)],
  [special("[TASK]", 1), special("[CLS]", 0), text("B", 1), special("[SEP]", 1), text("A", 0)],
);

test.each<[string, Tokenizer, number[], number[]]>([
  ["BERT's template", bert, [CLS, A, A, SEP], [CLS, A, A, SEP, B, SEP]],
  [
    "BertProcessing",
    withPostProcessor({ type: "BertProcessing", ...pair }),
    [CLS, A, A, SEP],
    [CLS, A, A, SEP, B, SEP],
  ],
  [
    "RobertaProcessing",
    withPostProcessor({ type: "RobertaProcessing", ...pair }),
    [CLS, A, A, SEP],
    [CLS, A, A, SEP, SEP, B, SEP],
  ],
  ["no post-processor", withPostProcessor(null), [A, A], [A, A, B]],
  ["two tokens before, none after", withPostProcessor(task), [TASK, CLS, A, A], [TASK, CLS, B, SEP, A, A]],
  [
    "a sequence of two",
    withPostProcessor({ type: "Sequence", processors: [{ type: "ByteLevel" }, task] }),
    [TASK, CLS, A, A],
    [TASK, CLS, B, SEP, A, A],
  ],
])("special tokens stand where %s puts them, cut or not", (_name, tokenizer, single, paired) => {
  expect([...tokenizer.encode("a a").inputIds]).toEqual(single);
  expect([...tokenizer.encode("a a", undefined, "b").inputIds]).toEqual(paired);
  expect([...tokenizer.encode("a a b b a", single.length).inputIds]).toEqual(single);
  expect([...tokenizer.encode("a a a", paired.length, "b").inputIds]).toEqual(paired);
  const { before, after } = tokenizer.specialTokens;
  expect(single.slice(before, single.length - after)).toEqual([A, A]);
});

test("token types follow the template; RoBERTa has only one", () => {
  const types = (tokenizer: Tokenizer): number[] => [...tokenizer.encode("a a", undefined, "b").tokenTypeIds];
  expect(types(bert)).toEqual([0, 0, 0, 0, 1, 1]);
  expect(types(withPostProcessor(task))).toEqual([1, 0, 1, 1, 0, 0]);
  expect(types(withPostProcessor({ type: "RobertaProcessing", ...pair }))).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test.each([
  ["fits", 9, 4, 2, [4, 2]],
  ["the longer is cut", 8, 4, 2, [3, 2]],
  ["the longer second is cut", 8, 2, 9, [2, 3]],
  ["both are cut, the odd token goes to the longer", 8, 5, 3, [3, 2]],
  ["both are cut, the longer is second", 8, 3, 5, [2, 3]],
  ["equal: the odd token goes to the second", 8, 4, 4, [2, 3]],
  ["no room", 3, 4, 2, [0, 0]],
  ["an empty text", 5, 0, 9, [0, 2]],
])("of a pair: %s", (_case, maxLength, first, second, kept) => {
  const { inputIds } = bert.encode("a ".repeat(first), maxLength, "b ".repeat(second));
  const count = (id: number): number => inputIds.filter((other) => other === id).length;
  expect([count(A), count(B)]).toEqual(kept);
  expect([inputIds[0], inputIds.at(-1)]).toEqual([CLS, SEP]);
});

test("a pair loses as many tokens as if they were taken one by one from the longer text", () => {
  const size = fc.nat({ max: 12 });
  fc.assert(
    fc.property(size, size, size, (first, second, room) => {
      const left = [first, second];
      while (left[0]! + left[1]! > room) left[left[0]! > left[1]! ? 0 : 1]!--;
      const { inputIds } = bert.encode("a ".repeat(first), room + 3, "b ".repeat(second));
      const kept = [A, B].map((id) => inputIds.filter((other) => other === id).length);
      // Which of two equally long texts comes first is a convention: the table above.
      expect(kept.toSorted()).toEqual(left.toSorted());
    }),
  );
});

test("a length without room for the special tokens is refused", () => {
  expect(bert.encode("a", 2).inputIds).toEqual(Int32Array.of(CLS, SEP));
  expect(() => bert.encode("a", 1)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  expect(() => bert.encode("a", 2, "b")).toThrow(/no room for the 3 special tokens/);
});
