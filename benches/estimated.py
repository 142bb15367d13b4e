#!/usr/bin/env python3
"""How long performance takes to be estimated without labels: churnctl and NannyML on the same rows, in the same run.

100,000 rows of a reference with scores and labels, 100,000 of a current side with scores. Of churnctl the whole command
counts, with its start and both files read; of NannyML `CBPE` alone, fitted and estimated in one chunk, its data in memory.

    python3 -m venv venv && venv/bin/pip install -r benches/verdicts.txt
    venv/bin/python benches/estimated.py --churnctl target/release/churnctl

Prints seconds (the best of three). Asserts nothing.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")
warnings.simplefilter("ignore")
import nannyml as nml  # noqa: E402

ROWS = 100_000
METRICS = ["roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"]


def best(task):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        found = task()
        times.append(time.perf_counter() - start)
    return min(times), found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--churnctl", required=True)
    binary = parser.parse_args().churnctl
    rng = np.random.default_rng(20_261_130)
    sides = []
    for _ in range(2):
        # Four decimals: above 20,000 distinct scores churnctl counts by interval, and figures differ in the fifth decimal.
        score = rng.beta(1.2, 3.0, size=ROWS).round(4)
        label = (rng.random(ROWS) < score**1.3).astype(int)
        sides.append(pd.DataFrame({"score": score, "label": label, "class": (score >= 0.5).astype(int)}))
    reference, current = sides
    current = current.drop(columns="label")

    def of_nannyml():
        cbpe = nml.CBPE(
            metrics=METRICS, y_true="label", y_pred="class", y_pred_proba="score",
            problem_type="classification_binary", chunk_size=ROWS,
        )
        found = cbpe.fit(reference).estimate(current).filter(period="analysis").to_df()
        return float(found[("roc_auc", "value")].iloc[0])

    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("reference.csv", "current.csv")]
        reference.to_csv(paths[0], index=False)
        current.to_csv(paths[1], index=False)

        def of_churnctl():
            sides = ["drift", "--baseline", paths[0], "--current", paths[1], "--label", "label", "--score", "score"]
            quiet = ["--report", "none", "--format", "json", "-q", "--fail-on", "never"]
            run = subprocess.run([binary, *sides, *quiet], capture_output=True, check=True)
            return json.loads(run.stdout)["estimated_performance"]["current"]["roc_auc"]["value"]

        own, ours = best(of_churnctl)
    theirs_seconds, theirs = best(of_nannyml)
    print(f"churnctl {own:.3f} s (ROC AUC {ours:.6f}), NannyML {theirs_seconds:.3f} s ({theirs:.6f}): {theirs_seconds / own:.1f} times")


if __name__ == "__main__":
    main()
