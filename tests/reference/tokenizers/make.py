"""Writes the tokenizers of this folder and what the Rust library (pip: tokenizers, transformers) makes of some texts.

    python tests/reference/tokenizers/make.py

Vocabularies are trained on the sentences below, which were written for this; the trainers break ties by chance, so a
second run writes somewhat other ones. Normalizers, pre-tokenizers and
post-processors are those that transformers gives the published models. Tests compare the ids exactly.
"""

import base64
import json
import struct
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent

SENTENCES = """The old harbour smells of salt, rope and diesel; at five o'clock the first boats come back.
We couldn't find the kettle, so we've boiled the water in a pan -- it's fine, isn't it?
She paid 1,250.75 euros for 3 tickets on 12/05/2024 and they'll send them by e-mail.
Please answer to garden-club@example.org, or look at https://example.org/garden?page=2#bees before Friday!
A small dog barked twice. Another dog, larger and slower, only yawned and went back to sleep.
Der alte Bäcker grüßt müde; draußen fällt Schnee auf die Straße und die Kinder freuen sich.
Früher kostete ein Brötchen fünf Pfennig, heute zahlt man dafür mehr als einen halben Euro.
L'été dernier, nous avons mangé des crêpes près du château; le garçon était très poli.
Où est passée la clé? Elle était là, à côté de l'œuf et du café, n'est-ce pas?
El niño comió una manzana y después corrió al jardín; ¡qué alegría! ¿Dónde está mañana?
Na ulici svítilo slunce, žluťoučký kůň stál u plotu a úpěl, než přišel déšť.
Gdzie są moje klucze? Leżą na stole, obok gazety i zimnej już herbaty z cytryną.
Kış geldi, İstanbul'da ışıklar yandı; çocuklar soğukta güldü ve şarkı söyledi.
Старый рыбак вышел в море рано утром, а вечером вернулся домой с пустой сетью.
Ο ΠΑΛΙΟΣ ΨΑΡΑΣ γύρισε στο σπίτι αργά το βράδυ· ήταν κουρασμένος αλλά χαρούμενος.
הדייג הזקן יצא לים בבוקר וחזר בערב עם רשת ריקה.
خرج الصياد العجوز إلى البحر في الصباح وعاد في المساء بشبكة فارغة.
बूढ़ा मछुआरा सुबह समुद्र में गया और शाम को खाली जाल लेकर लौटा।
ชาวประมงเฒ่าออกทะเลแต่เช้าและกลับบ้านตอนเย็น
老渔夫清晨出海,傍晚空手回家。他的孙子在门口等他。
年老いた漁師は朝早く海へ出て、夕方に空の網を持って帰った。
늙은 어부는 아침 일찍 바다로 나갔다가 저녁에 빈 그물로 돌아왔다.
Người đánh cá già ra biển từ sáng sớm và trở về nhà lúc chiều tối với chiếc lưới trống.""".split("\n")

TEXTS = SENTENCES + [
    "",
    " ",
    "a",
    "  two spaces before, and after  ",
    "tabs\tand\nnew lines\r\nof Windows\rand of old Macs\n\n\nthree",
    "many      spaces   in\u00a0 between \u2003 of\u3000other kinds\u2009too\u1680and\u202fhere\u205fx\u2028y\u2029z",
    "\n",
    "\u00a0",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word\ufeffjoiner\u00adsoft hyphen",
    "\ufeffbyte order mark at the start",
    "control\x00nul\x01one\x07bell\x08back\x0bvertical\x0cform\x1bescape\x1funit\x7fdelete\x80pad\x85next line\x9fend",
    "private \ue000 use \U000f0000 not assigned \u0378 \U0001fbff noncharacter \ufffe replacement \ufffd x",
    "emoji 😀 and ❤️ and 👩‍👩‍👧‍👦 and 🇩🇪🇫🇷 and 👍🏽 and ☃️ and 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "😀😀😀",
    "😀 😀 ❄ ❄❄",
    "e\u0301 and é, n\u0303 and ñ, u\u0308\u0304 and ǖ, A\u030a and Å and Å, o\u0302\u0323 and ộ",
    "ﬁrst ﬂoor, oﬃce: ﬁ\u0301 ½ ② Ⅷ x² ™ ㎏ … ｆｕｌｌ　ｗｉｄｔｈ～！ ｶﾞｷﾞ ﾊﾟ",
    "ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ Σ ΑΣ. ΑΣΑ ΐ ΰ",
    "İSTANBUL Iğdır ISPARTA ıspanak K Ω ẞ ß ŉ ǅ Ǆ",
    "ΑΪ́ ᾳ ᾼ ᾈ ΐ",
    "𠀀𠮷野家 𫝀 𫠠 𝒳𝓎 𝟘𝟙 𐐀𐐨 Ⴀⴀ ᏸᎰ Ꭰꭰ",
    "don't can't we'll I'd they're you've it's I'm O'Neil'S 'twas rock'n'roll",
    "DON'T CAN'T WE'LL ’tis “quoted” «guillemets» „unten“ ‚so‘ —dash– -minus−",
    "``quoted'' and '' empty ``",
    "$5 + 3 = 8 < 9 > 7 ^ 2 ~ ` | \\ / {a} [b] (c) @d #e %f &g *h _i_",
    "¡¿§¶·¸÷×°±€£¥¢©®",
    "12345678901234567890 3.14159 1e-9 0x1F 2024-05-12T10:00:00Z ١٢٣ १२३ ①②③ ⅓",
    "a" * 99 + " " + "b" * 100 + " " + "c" * 101 + " " + "d" * 300,
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsprüfungsausschuss",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbb ababababababababab",
    "[CLS] in the text [SEP] and [MASK] and [PAD] and [UNK]",
    "<s> in the text </s> and <mask> and <pad> and <unk>",
    "word [MASK], word<mask>word, [MASK] [MASK]  <mask>  end",
    "[SEP",
    "▁ lower one eighth block ▁▁ twice▁in a▁word",
    "ĠG Ċ byte letters",
    "##ing ## # continuation",
    "the dog.The dog!the dog?The dog",
    "ภาษาไทยไม่มีช่องว่าง ກຂ ကခ ខ្មែរ தமிழ் తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ বাংলা සිංහල",
    "አማርኛ ქართული հայերեն ᠮᠣᠩᠭᠣᠯ བོད་སྐད ꦗꦮ",
    "q̷̧̛̗̥w̸e̴r",
    "ᄀ가각ᆨ 한\u1112\u1161\u11ab글 ᄒ",
    "क्ष त्र ज्ञ क़ क\u093c ड़",
    "x\u0300\u0301\u0302\u0303\u0304 \u0301start 1\u20e3 #\ufe0f\u20e3",
    "||| IP_ADDRESS ||| |||IP_ADDRESS||| <|padding|> <|endoftext|>",
    "def f(x):\n    if x:\n\t\treturn  x  # done\n",
    "\u2002en\u2003em\u200aspace \u200e\u200f marks \u202aembed\u202c \u061c \u180e",
    "naïve façade coöperate Ångström Škoda Łódź Đorđe Þór Æsir Œuvre ĳ ŀ ſ",
]
PAIRS = [[0, 3], [13, 19], [24, 23], [1, 23], [32, 38]]


def own_charsmap():
    """A charsmap in SentencePiece's format (a double array over UTF-8, and texts that end with NUL), like its nmt_nfkc."""
    mapping = {}
    ranges = [(0xA0, 0x180), (0x2000, 0x2190), (0x2460, 0x2474), (0x3000, 0x3001), (0x3380, 0x33E0), (0xFB00, 0xFB07), (0xFF01, 0xFFA0)]
    for start, end in ranges:
        for code in range(start, end):
            normal = unicodedata.normalize("NFKC", chr(code))
            if normal != chr(code) and code != 0xFF5E:
                mapping[chr(code)] = normal
    for code in [*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]:
        mapping[chr(code)] = ""
    for code in [9, 10, 12, 13, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD]:
        mapping[chr(code)] = " "
    for base in "AEIOUYNCSZaeiouyncszกかはΑαाк":
        for mark in map(chr, range(0x300, 0x330)):
            composed = unicodedata.normalize("NFKC", base + mark)
            if len(composed) == 1:
                mapping[base + mark] = composed
    for base, mark in [("か", "\u3099"), ("は", "\u309a"), ("ｶ", "ﾞ"), ("ﾊ", "ﾟ"), ("क", "\u093c")]:
        mapping[base + mark] = unicodedata.normalize("NFKC", base + mark)
    return double_array({key.encode(): value.encode() for key, value in mapping.items()})


def double_array(mapping):
    texts, offsets = bytearray(), {}
    for value in mapping.values():
        if value not in offsets:
            offsets[value] = len(texts)
            texts += value + b"\0"
    root = {}
    for key, value in mapping.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node["value"] = offsets[value]
    units, used, bases = {0: 0}, {0}, set()

    def place(node, at):
        labels = [0] if "value" in node else []
        labels += [byte for byte in node if byte != "value"]
        base = next(b for b in range(1, 1 << 20) if b not in bases and all((b ^ label) not in used for label in labels))
        bases.add(base)  # a child is known by its label alone
        used.update(base ^ label for label in labels)
        units[at] |= (at ^ base) << 10 | ("value" in node) << 8
        if "value" in node:
            units[base] = node["value"] | 1 << 31
        for byte in labels:
            if byte != 0:
                units[base ^ byte] = byte
                place(node[byte], base ^ byte)

    place(root, 0)
    array = [units.get(at, 1 << 31) for at in range((max(units) | 255) + 1)]
    packed = struct.pack(f"<{len(array)}I", *array)
    return struct.pack("<I", len(packed)) + packed + bytes(texts)


def special(content, **flags):
    return AddedToken(content, special=True, normalized=False, **flags)


def word_piece(*, lowercase, tokens, post, strip_accents=None, mask_lstrip=False):
    pad, unk, cls, sep, mask = tokens
    tokenizer = Tokenizer(models.WordPiece(unk_token=unk))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=strip_accents, lowercase=lowercase
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    order = [cls, pad, sep, unk, mask] if pad == "<pad>" else [pad, unk, cls, sep, mask]
    tokenizer.train_from_iterator(SENTENCES, trainers.WordPieceTrainer(vocab_size=420, min_frequency=1, special_tokens=order, limit_alphabet=240, show_progress=False))
    tokenizer.add_special_tokens([special(token, lstrip=mask_lstrip and token == mask) for token in order])
    tokenizer.post_processor = post(tokenizer)
    return tokenizer, pad


def template(cls, sep, *, double=False, types=True):
    second = 1 if types else 0
    middle = f" {sep}:0" if double else ""
    return lambda tokenizer: processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0{middle} $B:{second} {sep}:{second}",
        special_tokens=[(cls, tokenizer.token_to_id(cls)), (sep, tokenizer.token_to_id(sep))],
    )


def roberta_processing(tokenizer):
    ids = [(token, tokenizer.token_to_id(token)) for token in ["</s>", "<s>"]]
    return processors.RobertaProcessing(*ids, True, False)


def byte_level(*, tokens, post, normalizer=None, added=(), mask_lstrip=True, add_prefix_space=False):
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=""))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=tokens, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([special(token, lstrip=mask_lstrip and "mask" in token.lower()) for token in tokens])
    tokenizer.add_tokens(list(added))
    tokenizer.post_processor = post(tokenizer)
    return tokenizer, next(token for token in tokens if "pad" in token.lower())


def unigram(*, tokens, unk, normalizer, pre_tokenizer, post, mask, not_used=()):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.UnigramTrainer(vocab_size=420, special_tokens=tokens, unk_token=unk, initial_alphabet=[], show_progress=False)
    # Half of the characters of some scripts stay unknown.
    tokenizer.train_from_iterator([line for line in SENTENCES if not line.startswith(("ช", "늙"))], trainer)
    vocab = [(piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]]
    for piece in not_used:
        vocab.insert([name for name, _ in vocab].index(unk) + 1, (piece, -100.0))
    unk_id = [piece for piece, _ in vocab].index(unk)
    tokenizer.model = models.Unigram(vocab, unk_id=unk_id, byte_fallback=False)
    tokenizer.add_special_tokens([special(token, lstrip=token == mask) for token in [*tokens, *not_used]])
    if tokenizer.token_to_id(mask) is None:
        tokenizer.add_special_tokens([special(mask, lstrip=True)])
    tokenizer.post_processor = post(tokenizer)
    return tokenizer, "[PAD]" if "[PAD]" in tokens else "<pad>"


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def families():
    charsmap = own_charsmap()
    precompiled = normalizers.Precompiled(charsmap)
    words = lambda: pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")])
    one_space = normalizers.Replace(Regex(" {2,}"), " ")
    modern = [AddedToken(text, normalized=True, special=False) for text in ["|||IP_ADDRESS|||", "<|padding|>", *(" " * n for n in range(24, 1, -1))]]
    yield "bert-uncased", word_piece(lowercase=True, tokens=BERT, post=template("[CLS]", "[SEP]"))
    yield "bert-cased", word_piece(lowercase=False, tokens=BERT, post=template("[CLS]", "[SEP]"))
    yield "mpnet", word_piece(lowercase=True, tokens=["<pad>", "[UNK]", "<s>", "</s>", "<mask>"], post=roberta_processing, mask_lstrip=True)
    yield "roberta", byte_level(tokens=ROBERTA, post=roberta_processing)
    yield "modernbert", byte_level(tokens=["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"], post=template("[CLS]", "[SEP]", types=False), normalizer=normalizers.NFC(), added=modern)
    yield "xlm-roberta", unigram(tokens=["<s>", "<pad>", "</s>", "<unk>"], unk="<unk>", normalizer=precompiled, pre_tokenizer=words(), post=template("<s>", "</s>", double=True, types=False), mask="<mask>")
    yield "camembert", unigram(
        tokens=["<s>", "<pad>", "</s>", "<unk>"], unk="<unk>", mask="<mask>", not_used=["<unk>NOTUSED"],
        normalizer=normalizers.Sequence([precompiled, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]),
        pre_tokenizer=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"), post=template("<s>", "</s>", double=True, types=False),
    )
    yield "albert", unigram(
        tokens=["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], unk="<unk>", mask="[MASK]",
        normalizer=normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), precompiled, one_space]),
        pre_tokenizer=words(), post=template("[CLS]", "[SEP]"),
    )
    yield "deberta-v3", unigram(
        tokens=["[PAD]", "[CLS]", "[SEP]", "[UNK]"], unk="[UNK]", mask="[MASK]",
        normalizer=normalizers.Sequence([normalizers.Strip(), precompiled, one_space]),
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]), post=template("[CLS]", "[SEP]"),
    )
    yield "deberta-v2-split", unigram(
        tokens=["[PAD]", "[CLS]", "[SEP]", "[UNK]"], unk="[UNK]", mask="[MASK]",
        normalizer=normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), normalizers.NFC(), normalizers.Strip(left=False, right=True)]),
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Punctuation(behavior="isolated"), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")]), post=template("[CLS]", "[SEP]"),
    )


def windows(tokenizer, text, length, overlap):
    # Not with enable_truncation: in 0.23.2 it stops soon after the first window and leaves out the others.
    whole = tokenizer.encode(text, add_special_tokens=False)
    whole.truncate(length - tokenizer.num_special_tokens_to_add(False), stride=overlap)
    return [tokenizer.post_process(part).ids for part in [whole, *whole.overflowing]]


def reference(tokenizer, pad):
    cut = []
    for length in [8, 5]:
        tokenizer.enable_truncation(length)
        cut.append({"length": length, "ids": [tokenizer.encode(text).ids for text in TEXTS[:8]]})
        tokenizer.no_truncation()
    pairs = [tokenizer.encode(TEXTS[a], TEXTS[b]) for a, b in PAIRS]
    return {
        "made_with": f"tokenizers {tokenizers.__version__}",
        "pad_id": tokenizer.token_to_id(pad),
        "vocab_size": max(tokenizer.get_vocab().values()) + 1,
        "ids": [tokenizer.encode(text).ids for text in TEXTS],
        "pairs": [{"texts": texts, "ids": pair.ids, "types": pair.type_ids} for texts, pair in zip(PAIRS, pairs)],
        "cut": cut,
        "windows": [
            {"text": text, "length": length, "stride": overlap, "ids": windows(tokenizer, TEXTS[text], length, overlap)}
            for text in [0, 2, 23, 25]
            for length, overlap in [(16, 4), (12, 0), (8, 5), (10, 3)]
        ],
    }


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def lines(values):
    return "[\n" + ",\n".join(json.dumps(value, ensure_ascii=True) for value in values) + "\n]\n"


(HERE / "texts.json").write_text(lines(TEXTS))
for name, (tokenizer, pad) in families():
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    write(folder / "tokenizer.json", json.loads(tokenizer.to_str()))
    write(folder / "tokenizer_config.json", {"pad_token": pad})
    write(folder / "expected.json", reference(tokenizer, pad))
    print(name, tokenizer.get_vocab_size(), (folder / "tokenizer.json").stat().st_size)
