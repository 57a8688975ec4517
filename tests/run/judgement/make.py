"""Makes expected.json: what scikit-learn, scipy and numpy say about judging.

Run: python make.py > expected.json; npx biome format --write expected.json
"""

import json
import math

import numpy as np
import sklearn
from scipy import stats
from sklearn import metrics as m

rng = np.random.default_rng(7)


def clean(value):
    """JSON without NaN."""
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [clean(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return None if not math.isfinite(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value


def wilson():
    """scipy.stats.binomtest(...).proportion_ci(method="wilson"), 95 %."""
    pairs = [(0, 1), (1, 1), (0, 20), (20, 20), (9, 12), (827, 836), (109, 112), (1, 1000), (50_000, 100_000)]
    rows = []
    for right, total in pairs:
        interval = stats.binomtest(right, total).proportion_ci(confidence_level=0.95, method="wilson")
        rows.append([right, total, interval.low, interval.high])
    return rows


def mcnemar():
    """Two-sided p by scipy: the exact binomial test, and its mid-p variant (less the chance of exactly this table)."""
    rows = []
    for b, c in [(0, 0), (5, 0), (6, 0), (0, 6), (3, 3), (1, 8), (10, 2), (12, 12), (24, 0), (20, 5), (13, 12), (40, 61), (700, 640)]:
        n = b + c
        exact = 1.0 if n == 0 else stats.binomtest(min(b, c), n, 0.5).pvalue
        mid = 1.0 if n == 0 else exact - stats.binom.pmf(min(b, c), n, 0.5) if b != c else 1.0
        rows.append([b, c, exact, mid])
    return rows


def table(labels, truth, predictions, weights):
    keep = {"labels": labels, "sample_weight": weights, "zero_division": 0}
    out = {}
    for average in ["macro", "micro", "weighted"]:
        p, r, f, _ = m.precision_recall_fscore_support(truth, predictions, average=average, **keep)
        out[average] = {"precision": p, "recall": r, "f1": f}
    p, r, f, s = m.precision_recall_fscore_support(truth, predictions, average=None, **keep)
    out["perLabel"] = [{"precision": p[i], "recall": r[i], "f1": f[i]} for i in range(len(p))]
    return out


def ece(truth, scores, weights):
    """Top-label calibration error over ten bins, for the texts as often as they were drawn."""
    order = np.repeat(np.arange(len(truth)), weights)
    truth, scores = np.asarray(truth)[order], np.asarray(scores)[order]
    top, right = scores.max(1), scores.argmax(1) == truth
    bins = np.clip(np.ceil(top * 10).astype(int) - 1, 0, 9)
    return sum(abs((top[bins == k] - right[bins == k]).sum()) for k in range(10)) / len(truth)


def case(name, truth, predictions, scores, of):
    """Answers with the metrics that `of` makes of how often each text counts: once, or as often as it was drawn."""
    texts = len(truth)
    weights = np.bincount(rng.integers(texts, size=texts), minlength=texts)
    return {
        "name": name,
        "truth": truth,
        "predictions": predictions,
        "probabilities": scores,
        "drawn": weights,
        "plain": of(np.ones(texts, dtype=int)),
        "resampled": of(weights),
    }


def single(name, label_count, texts, other=0.0, ties=False):
    truth = rng.choice(label_count, texts, p=np.array([2.0 ** -k for k in range(label_count)]) / sum(2.0 ** -k for k in range(label_count)))
    logits = rng.normal(size=(texts, label_count)) + 1.3 * np.eye(label_count)[truth]
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if ties:
        scores = np.round(scores * 8 + 0.25) + 0.5
        scores = scores / scores.sum(1, keepdims=True)
    predictions = scores.argmax(1)
    moved = rng.random(texts) < other  # answers that aren't the most probable label
    predictions[moved] = (predictions[moved] + 1) % label_count
    labels = list(range(label_count))
    binary = label_count == 2

    def of(w):
        used = w > 0
        auc = {"sample_weight": w[used], **({} if binary else {"multi_class": "ovr", "average": "macro"})}
        each = np.eye(label_count)[truth][used]
        ap = (
            m.average_precision_score(truth[used], scores[used][:, 1], sample_weight=w[used])
            if binary
            else m.average_precision_score(each, scores[used], average="macro", sample_weight=w[used])
        )
        squares = ((scores - np.eye(label_count)[truth]) ** 2).sum(1)
        answers = table(labels, truth, predictions, w)
        occurring = [k for k in labels if w[truth == k].sum() > 0]
        return {
            **answers,
            "accuracy": m.accuracy_score(truth, predictions, sample_weight=w),
            "balancedAccuracy": float(np.mean([answers["perLabel"][k]["recall"] for k in occurring])),
            "mcc": m.matthews_corrcoef(truth, predictions, sample_weight=w),
            "cohenKappa": m.cohen_kappa_score(truth, predictions, sample_weight=w),
            "logLoss": m.log_loss(truth, scores, labels=labels, sample_weight=w),
            "brier": float((squares * w).sum() / w.sum()) / (2 if binary else 1),
            "rocAuc": m.roc_auc_score(truth[used], scores[used][:, 1] if binary else scores[used], **auc),
            "averagePrecision": ap,
            "calibrationError": ece(truth, scores, w),
        }

    return case(name, truth, predictions, scores, of)


def multi(name, label_count, texts):
    truth = (rng.random((texts, label_count)) < np.linspace(0.6, 0.2, label_count)).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=truth.shape) * 1.2 + 2 * truth - 1)))
    predictions = (scores >= 0.5).astype(int)

    def of(w):
        answers = table(list(range(label_count)), truth, predictions, w)
        p, r, f, _ = m.precision_recall_fscore_support(truth, predictions, average="samples", sample_weight=w, zero_division=0)
        clipped = np.clip(scores, np.finfo(float).eps, 1 - np.finfo(float).eps)
        losses = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped)).mean(1)
        return {
            **answers,
            "samples": {"precision": p, "recall": r, "f1": f},
            "accuracy": m.accuracy_score(truth, predictions, sample_weight=w),
            "hammingLoss": m.hamming_loss(truth, predictions, sample_weight=w),
            "logLoss": float((losses * w).sum() / w.sum()),
            "brier": float((((scores - truth) ** 2).mean(1) * w).sum() / w.sum()),
            "rocAuc": m.roc_auc_score(truth, scores, average="macro", sample_weight=w),
            "averagePrecision": m.average_precision_score(truth, scores, average="macro", sample_weight=w),
        }

    return case(name, truth, predictions, scores, of)


made = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "wilson": wilson(),
    "mcnemar": mcnemar(),
    "single": [
        single("two labels", 2, 60),
        single("four labels", 4, 80),
        single("two labels, equal scores", 2, 60, ties=True),
        single("three labels, answers of another rule", 3, 70, other=0.15),
    ],
    "multi": [multi("three labels", 3, 50)],
}
print(json.dumps(clean(made)))
