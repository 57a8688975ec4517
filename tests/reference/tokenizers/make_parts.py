"""Writes parts.json: what normalizers and pre-tokenizers of the Rust library make of some texts, part by part.

    python tests/reference/tokenizers/make_parts.py
"""

import json
from itertools import product
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P

HERE = Path(__file__).parent
TEXTS = json.loads((HERE / "texts.json").read_text())
SOME = ["", " ", "a  b\tc\n\nd ", " x, y!? -- z.", "a1b22 ①② ٣٤ Ⅷ½ x²", "don't stop\u0085now\ufeff then", "▁a▁▁b ▁", "ΟΔΟΣ Σ İ É e\u0301 ﬁ", "中a文\U00020000b\u3000、。", "_a_b «c» \u200d\u200cd"]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def pre_tokenizers():
    for pattern, behavior, invert in product([" ", Regex(r"\s+"), Regex(r"[a-z]+")], BEHAVIORS, [False, True]):
        yield P.Split(pattern, behavior, invert)
    yield from (P.Punctuation(behavior=behavior) for behavior in BEHAVIORS)
    yield from (P.Digits(individual_digits=each) for each in [False, True])
    yield from [P.Whitespace(), P.WhitespaceSplit(), P.BertPreTokenizer()]
    yield from (P.Metaspace(prepend_scheme=scheme, split=split) for scheme in ["always", "first", "never"] for split in [True, False])
    yield from (P.ByteLevel(add_prefix_space=space, use_regex=regex) for space in [True, False] for regex in [True, False])
    yield P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first"), P.Digits()])
    yield P.Sequence([P.Punctuation(), P.Split(" ", "merged_with_next"), P.ByteLevel(add_prefix_space=False, use_regex=False)])


def all_normalizers():
    for clean, chinese, accents, lower in product([True, False], [True, False], [True, False, None], [True, False]):
        yield N.BertNormalizer(clean_text=clean, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lower)
    yield from [N.Lowercase(), N.StripAccents(), N.NFC(), N.NFD(), N.NFKC(), N.NFKD(), N.Prepend("▁")]
    yield from (N.Strip(left=left, right=right) for left in [True, False] for right in [True, False])
    yield N.Replace(Regex(r"\s{2,}|[\n\r\t]"), " ")
    yield N.Replace("a", "$1")
    yield N.Sequence([N.NFD(), N.StripAccents(), N.Sequence([N.Lowercase(), N.Strip()])])


def config_of(name, part):
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    setattr(tokenizer, name, part)
    return json.loads(tokenizer.to_str())[name]


parts = {
    "texts": SOME,
    "pre_tokenizers": [
        {"config": config_of("pre_tokenizer", part), "pieces": [[piece for piece, _ in part.pre_tokenize_str(text)] for text in SOME]}
        for part in pre_tokenizers()
    ],
    "normalizers": [
        {"config": config_of("normalizer", part), "results": [part.normalize_str(text) for text in SOME]}
        for part in all_normalizers()
    ],
}
lines = ",\n".join(f'"{key}":[\n' + ",\n".join(json.dumps(value) for value in values) + "\n]" for key, values in parts.items())
(HERE / "parts.json").write_text("{" + lines + "}\n")
