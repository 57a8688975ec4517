"""Writes ranges.json: where the Rust library says that the tokens of texts.json stand, in characters (code points).

    python tests/reference/tokenizers/make_ranges.py

By tokenizer and text, "start:length" of each token, without special ones; start counts from the start of the token before.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
texts = json.loads((HERE / "texts.json").read_text())
result = {}
for folder in sorted(path for path in HERE.iterdir() if path.is_dir()):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    lines = []
    for text in texts:
        before = 0
        parts = []
        for start, end in tokenizer.encode(text, add_special_tokens=False).offsets:
            parts.append(f"{start - before}:{end - start}")
            before = start
        lines.append(" ".join(parts))
    result[folder.name] = lines
(HERE / "ranges.json").write_text(json.dumps(result, indent=0) + "\n")
