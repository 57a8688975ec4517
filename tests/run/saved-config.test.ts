import { expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { modelTypes, readConfig } from "../../src/model/families.js";
import { stockForm } from "../../src/model/stock-form.js";
import { savedConfig } from "../../src/run/saved-config.js";
import { tokenizerConfig } from "../../src/run/tokenizer-config.js";
import { createTokenizer } from "../../src/tokens/tokenizer.js";
import { readSavePretrained } from "../support/save-pretrained.js";

type Json = Record<string, unknown>;

interface Expected {
  /** By family: a config.json as its publishers write it, and what becomes of it in transformers. */
  families: Record<string, { given: Json; config: Json; tensors: Record<string, number[]> }>;
  /** By tokenizer file: the tokenizer_config.json that transformers writes for it. */
  tokenizers: Record<string, Json>;
}

const { families, tokenizers } = JSON.parse(readSavePretrained("expected.json")) as Expected;
const labels = ["garden", "kitchen", "sea"];

/** What transformers adds out of its own defaults: a file without them means the same. */
const DEFAULTS: Json = {
  add_cross_attention: false,
  bos_token_id: null,
  classifier_dropout: null,
  dtype: "float32",
  eos_token_id: null,
  is_decoder: false,
  legacy: true,
  pad_token_id: 0,
  pooler_dropout: 0,
  pooler_hidden_act: "gelu",
  pooler_hidden_size: 24, // the hidden size
  tie_word_embeddings: true,
  use_cache: true,
};

/** Settings that transformers 5 spells anew or no longer has; it reads the old ones, and version 4 reads no others. */
const RESPELLED: Record<string, string[]> = {
  "deberta-v2": ["pos_att_type"],
  modernbert: [
    "global_rope_theta",
    "local_rope_theta",
    "layer_types",
    "reference_compile",
    "rope_parameters",
  ],
};

test.each(Object.keys(families).filter((family) => modelTypes.includes(family)))(
  "%s: config.json says what save_pretrained writes",
  (family) => {
    const { given, config, tensors } = families[family]!;
    const spec = { config: readConfig(given), head: "stock", labels, problem: "single_label" } as const;
    const dirty = {
      ...given,
      _name_or_path: "publisher/model",
      num_labels: 5,
      torch_dtype: "float16",
      "transformers.js_config": { dtype: "q8" },
    };
    const found = savedConfig(stockForm(spec, dirty));
    const wanted = { ...DEFAULTS, ...config };
    for (const key of new Set([...Object.keys(found), ...Object.keys(config)])) {
      if (RESPELLED[family]?.includes(key)) continue;
      if (key in found) expect(found[key], key).toEqual(wanted[key]);
      else expect(config[key], key).toEqual(DEFAULTS[key]);
    }
    const names = createClassifier(spec).parameters.map(({ name, shape }) => [name, shape]);
    expect(Object.fromEntries(names)).toEqual(tensors);
  },
);

/** What transformers writes of the run that wrote it, and of settings that only it has. */
const OF_TRANSFORMERS = ["backend", "is_local", "local_files_only", "errors", "trim_offsets"];

test.each(["bert", "bert-cased", "roberta"])(
  "%s: tokenizer_config.json says what transformers writes",
  (name) => {
    const config = configOf(name);
    const wanted = Object.entries(tokenizers[name]!).filter(([key]) => !OF_TRANSFORMERS.includes(key));
    expect(config).toEqual(Object.fromEntries(wanted));
  },
);

test.each(["xlm-roberta", "deberta-v2"])("%s: SentencePiece tokenizers are taken from their file", (name) => {
  // The class of the family makes other ids of some texts: it has a normalizer of its own.
  const { tokenizer_class, ...config } = configOf(name);
  expect(tokenizer_class).toBe("PreTrainedTokenizerFast");
  const wanted = tokenizers[name]!;
  expect(config).toMatchObject(
    Object.fromEntries(Object.entries(wanted).filter(([key]) => /^(cls|sep|pad|unk|mask)_token$/.test(key))),
  );
  expect(config.model_input_names).toEqual(["input_ids", "attention_mask"]);
});

test("what a checkpoint says of its tokenizer is kept, but for where and by whom it was made", () => {
  const given = {
    tokenizer_class: "BertTokenizer",
    mask_token: { content: "[MASK]", lstrip: true },
    additional_special_tokens: [{ content: "[A]" }, "[B]"],
    do_lower_case: false, // tokenizer.json says otherwise
    model_max_length: 20,
    bos_token: null,
    add_bos_token: false,
    truncation_side: "left",
    name_or_path: "/home/somebody/model",
    auto_map: { AutoTokenizer: ["a.B", null] },
    local_files_only: true,
  };
  const found = configOf("bert", given);
  expect(found).toEqual({
    ...configOf("bert"),
    additional_special_tokens: ["[A]", "[B]"],
    model_max_length: 20,
    add_bos_token: false,
    truncation_side: "left",
  });
  // A model without token types isn't given any.
  expect(configOf("bert", given, false).model_input_names).toEqual(["input_ids", "attention_mask"]);
  expect(
    configOf("roberta", { tokenizer_class: "RobertaTokenizer" }, false).model_input_names,
  ).toBeUndefined();
});

function configOf(name: string, given: Json = {}, tokenTypes = name.startsWith("bert")): Json {
  const tokenizerJson = readSavePretrained(`tokenizer-${name}.json`);
  const files = {
    tokenizerJson,
    tokenizerConfigJson: JSON.stringify(given),
    specialTokensMapJson: undefined,
    vocabTxt: undefined,
  };
  return tokenizerConfig(files, { tokenizer: createTokenizer(files), positions: 512, tokenTypes });
}
