"""Scores rows with a graph that `churnctl model export --format onnx` has written, for tests/it/model_export.rs.

    python tests/export_onnx_scores.py MODEL.onnx ROWS.csv SCORES.csv

By onnxruntime: doubles for numbers, and texts as they stand in the file, a missing one as the empty text.
"""

import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd

model, rows, scores = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
table = pd.read_csv(rows, dtype=str, keep_default_na=False)
feeds = {}
for wanted in session.get_inputs():
    column = table[wanted.name]
    if wanted.type == "tensor(double)":
        column = pd.to_numeric(column.replace("", np.nan)).astype(np.float64)
    feeds[wanted.name] = column.to_numpy(dtype=np.float64 if wanted.type == "tensor(double)" else object).reshape(-1, 1)
label, probabilities = session.run(["label", "probabilities"], feeds)
assert label.shape == (len(table), 1) and np.allclose(probabilities.sum(axis=1), 1)
pd.DataFrame({"score": probabilities[:, 1], "label": label[:, 0]}).to_csv(scores, index=False)
