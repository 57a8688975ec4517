"""Writes stratified_folds.json and confident_learning.json beside itself.

Folds are scikit-learn's. Confident learning is written here with numpy from the formulas of Northcutt et al. 2021,
https://arxiv.org/abs/1911.00068 (equations 1 to 3), apart from Textgraft's code.
"""
import json
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

here = Path(__file__).parent


def folds():
    cases = []
    for seed, (rows, labels, folds) in enumerate([(40, 2, 5), (103, 3, 4), (57, 5, 3), (31, 2, 10), (200, 4, 7)]):
        rng = np.random.default_rng(seed)
        weights = 1.0 / np.arange(1, labels + 1)
        while True:
            y = rng.choice(labels, size=rows, p=weights / weights.sum())
            if np.bincount(y, minlength=labels).min() >= max(folds, 4):
                break
        split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(rows), y)
        tested = [np.bincount(y[test], minlength=labels).tolist() for _, test in split]
        cases.append({"labels": y.tolist(), "folds": folds, "tested": tested})
    return cases


def confident_learning():
    cases = []
    for seed, (rows, labels) in enumerate([(60, 2), (80, 3), (120, 5)]):
        rng = np.random.default_rng(100 + seed)
        true = rng.integers(0, labels, rows)
        logits = rng.normal(0, 1, (rows, labels)) + 2.5 * np.eye(labels)[true]
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        given = np.where(rng.random(rows) < 0.15, rng.integers(0, labels, rows), true)
        given[:labels] = np.arange(labels)
        # Equation 2: t_j = mean of p(j; x) over x with given label j
        t = np.array([p[given == j, j].mean() for j in range(labels)])
        # Equation 1: C[i, j] counts x labelled i with j = argmax over {l: p(l; x) >= t_l} of p(l; x)
        above = np.where(p >= t, p, -np.inf)
        sure = np.where(np.isfinite(above).any(1), above.argmax(1), -1)
        c = np.array([[int(((given == i) & (sure == j)).sum()) for j in range(labels)] for i in range(labels)])
        # Equation 3: rows of C scaled to the counts of given labels, then the whole to 1
        n = np.bincount(given, minlength=labels)
        q = c / np.maximum(c.sum(1, keepdims=True), 1) * n[:, None]
        q = q / q.sum()
        others = p.copy()
        others[np.arange(rows), given] = -np.inf
        margin = p[np.arange(rows), given] - others.max(1)
        likely = (sure >= 0) & (sure != given)
        order = np.lexsort((margin, ~likely))
        cases.append(
            {
                "given": given.tolist(),
                "probabilities": p.tolist(),
                "thresholds": t.tolist(),
                "joint": c.tolist(),
                "estimated_errors": float(rows * (q.sum() - np.trace(q))),
                "likely": np.flatnonzero(likely).tolist(),
                "order": order.tolist(),
                "margins": margin.tolist(),
                "suggested": others.argmax(1).tolist(),
            }
        )
    return cases


for name, cases in [("stratified_folds", folds()), ("confident_learning", confident_learning())]:
    (here / f"{name}.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
