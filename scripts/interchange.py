"""The Python half of scripts/interchange.mjs (pip: torch, transformers).

make FOLDER: small models with random weights, as transformers' own classes save them, of every family; manifest.json lists them.
compare FOLDER: loads what models.json lists, and compares token ids and logits with Textgraft's in their answers.json.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

transformers.logging.set_verbosity_error()
TOKENIZERS = Path(__file__).parent.parent / "tests" / "reference" / "tokenizers"

COMMON = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
}

# Options as the published checkpoints of each family have them.
FAMILIES = {
    "bert": ("bert", "bert-uncased", COMMON),
    "bert, cased": ("bert", "bert-cased", COMMON),
    "distilbert": (
        "distilbert",
        "bert-uncased",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "max_position_embeddings": 66},
    ),
    "roberta": ("roberta", "roberta", {**COMMON, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "camembert": ("camembert", "camembert", {**COMMON, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "xlm-roberta": ("xlm-roberta", "xlm-roberta", {**COMMON, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "electra": ("electra", "bert-uncased", {**COMMON, "embedding_size": 16}),
    "albert": (
        "albert",
        "albert",
        {**COMMON, "embedding_size": 16, "hidden_act": "gelu_new", "classifier_dropout_prob": 0.1},
    ),
    "mpnet": ("mpnet", "mpnet", {**COMMON, "layer_norm_eps": 1e-5}),
    "deberta-v2": (
        "deberta-v2",
        "deberta-v3",
        {
            **COMMON,
            "relative_attention": True,
            "position_buckets": 16,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": "p2c|c2p",
            "position_biased_input": False,
            "type_vocab_size": 0,
            "max_relative_positions": -1,
            "pooler_hidden_size": 32,
        },
    ),
    "modernbert": (
        "modernbert",
        "modernbert",
        {**COMMON, "num_hidden_layers": 4, "global_attn_every_n_layers": 3, "local_attention": 16},
    ),
}
KINDS = {"base": AutoModel, "mlm": AutoModelForMaskedLM}
LABELS = ["negative", "neutral", "positive"]


def make(root: Path) -> None:
    manifest = []
    for name, (model_type, tokenizer_name, options) in FAMILIES.items():
        known = model_type in transformers.models.auto.configuration_auto.CONFIG_MAPPING
        if not known:
            continue
        folder = root / name.replace(", ", "-")
        tokenizer = tokenizer_of(folder / "tokenizer", model_type, tokenizer_name)
        special = {
            f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id") for kind in ("pad", "cls", "sep", "bos", "eos")
        }
        config = {
            **options,
            "vocab_size": len(tokenizer),
            **{key: value for key, value in special.items() if value is not None},
        }
        for kind in ("base", "mlm", "classifier", "multi-label"):
            more = {}
            if kind in ("classifier", "multi-label"):
                more["id2label"] = dict(enumerate(LABELS))
                more["label2id"] = {label: i for i, label in enumerate(LABELS)}
            if kind == "multi-label":
                more["problem_type"] = "multi_label_classification"
            torch.manual_seed(len(manifest))
            settings = transformers.AutoConfig.for_model(model_type, **config, **more)
            model = KINDS.get(kind, AutoModelForSequenceClassification).from_config(settings)
            shake(model)
            model.save_pretrained(folder / kind)
            tokenizer.save_pretrained(folder / kind)
            manifest.append({"family": name, "kind": kind, "folder": str(folder / kind)})
    (root / "manifest.json").write_text(json.dumps(manifest))


def tokenizer_of(folder: Path, model_type: str, name: str):
    """One of the tests' tokenizers, as transformers loads it for this kind of model."""
    folder.mkdir(parents=True)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((TOKENIZERS / name / file).read_bytes())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["model_max_length"] = 64
    if name == "bert-cased":
        settings["do_lower_case"] = False
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return AutoTokenizer.from_pretrained(folder)


def shake(model) -> None:
    """Weights that matter, biases and norms included: those that transformers starts with are mostly 0, 1 or tiny."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.15 * torch.randn_like(parameter)
            parameter.copy_(parameter + noise if parameter.dim() == 1 else noise)


def compare(root: Path) -> None:
    results = []
    for entry in json.loads((root / "models.json").read_text()):
        folder = Path(entry["folder"])
        answers = json.loads((folder / "answers.json").read_text())
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
        model.eval()
        # AlbertTokenizer of transformers 5 gives token types only if asked.
        has_types = getattr(model.config, "type_vocab_size", 0) > 1
        largest, other_ids = 0.0, []
        for row in answers["rows"]:
            encoded = tokenizer(
                row["text"],
                row.get("pair"),
                truncation=True,
                max_length=answers["maxLength"],
                return_token_type_ids=has_types,
                return_tensors="pt",
            )
            same = encoded["input_ids"][0].tolist() == row["inputIds"]
            if has_types:
                same = same and encoded["token_type_ids"][0].tolist() == row["tokenTypeIds"]
            if not same:
                other_ids.append(row["text"])
                continue
            with torch.no_grad():
                logits = model(**encoded).logits[0].double()
            largest = max(largest, (logits - torch.tensor(row["logits"], dtype=torch.float64)).abs().max().item())
        labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
        results.append(
            {
                **entry,
                "class": type(model).__name__,
                "rows": len(answers["rows"]),
                "otherIds": other_ids,
                "largest": largest,
                "wrongLabels": labels != answers["labels"] or answers["problem"] != (model.config.problem_type or "single_label_classification"),
                "missing": sorted(info["missing_keys"]),
                "unexpected": sorted(info["unexpected_keys"]),
            }
        )
    (root / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
