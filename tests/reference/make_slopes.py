"""Writes slopes.json: gradients of log-odds with respect to word vectors, by PyTorch's autograd in float64.

    python tests/reference/make_slopes.py

For some rows of each family's `eval` batch: the words at `baseline_ids` and those at `input_ids`, and points on the line
between them. At each point the logits, and for each token its gradient times the way that its vector goes. Padding and
special tokens stay as they are. `integrated`: the mean over the line by numpy's Gauss and Legendre nodes, 24 of them.
"""

import json
from pathlib import Path

import numpy
import torch
from transformers import AutoModelForSequenceClassification

HERE = Path(__file__).parent
FAMILIES = ["bert", "distilbert", "roberta", "xlm-roberta", "electra", "albert", "mpnet", "deberta-v2", "modernbert"]
SHARES = [0.0, 0.3, 1.0]
BASELINE = 4


def log_odds(logits, target, multi):
    if multi:
        return logits[:, target]
    others = [label for label in range(logits.shape[1]) if label != target]
    return logits[:, target] - torch.logsumexp(logits[:, others], dim=1)


def position_ids(config, ids):
    """RoBERTa and MPNet count them from the ids, which they don't see where they get vectors."""
    if config.model_type not in ("roberta", "xlm-roberta", "mpnet"):
        return {}
    present = ids.ne(config.pad_token_id).int()
    return {"position_ids": (torch.cumsum(present, dim=1) * present).long() + config.pad_token_id}


def case(family):
    expected = json.loads((HERE / family / "expected.json").read_text())
    model = AutoModelForSequenceClassification.from_pretrained(HERE / family, attn_implementation="eager")
    model = model.double().eval()
    multi = expected["problem_type"].startswith("multi")
    rows = []
    for row, target in [(0, 1), (0, expected["num_labels"] - 1), (2, 0)]:
        ids = torch.tensor([expected["eval"]["input_ids"][row]])
        mask = torch.tensor([expected["eval"]["attention_mask"][row]])
        special = set(expected["special_tokens"].values())
        baseline = torch.tensor([[i if i in special else BASELINE for i in ids[0].tolist()]])
        table = model.get_input_embeddings()
        way = (table(ids) - table(baseline)).detach()

        def at(share):
            vectors = (table(baseline).detach() + share * way).requires_grad_()
            logits = model(
                inputs_embeds=vectors, attention_mask=mask, **position_ids(model.config, ids)
            ).logits
            odds = log_odds(logits, target, multi)
            (gradient,) = torch.autograd.grad(odds.sum(), vectors)
            return logits[0].tolist(), (gradient * way).sum(-1)[0].detach().numpy()

        points = [at(share) for share in SHARES]
        nodes, weights = numpy.polynomial.legendre.leggauss(24)
        integrated = sum(w / 2 * at((x + 1) / 2)[1] for x, w in zip(nodes, weights))
        rounded = lambda values: [float(f"{value:.9g}") for value in values]
        rows.append(
            {
                "row": row,
                "target": target,
                "baseline_ids": baseline[0].tolist(),
                "logits": [rounded(logits) for logits, _ in points],
                "slopes": [rounded(slopes) for _, slopes in points],
                "integrated": rounded(integrated),
            }
        )
    return rows


result = {"shares": SHARES, "families": {family: case(family) for family in [*FAMILIES, "bert-multilabel"]}}
(HERE / "slopes.json").write_text(json.dumps(result) + "\n")
