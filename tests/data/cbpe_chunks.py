#!/usr/bin/env python3
"""Makes `cbpe_chunks.json`: what NannyML's CBPE estimates of each tenth of three of its data sets.

    pip install nannyml==0.13.1
    NML_DISABLE_USAGE_LOGGING=1 python3 cbpe_chunks.py

Scores are rounded to three decimals first (two sets have only two), so that counts by score are all that is
kept of the rows: [score, positives, negatives] of the reference, [score, rows] of each chunk.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import nannyml as nml

warnings.simplefilter("ignore")
METRICS = ["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"]
SETS = {
    "car_loan": (nml.load_synthetic_car_loan_dataset, "y_pred_proba", "repaid", 0.645),
    "housing": (nml.load_modified_california_housing_dataset, "y_pred_proba", "clf_target", 0.5),
    "employment": (nml.load_us_census_ma_employment_data, "predicted_probability", "employed", 0.5),
}


def main():
    document = {"made_by": f"nannyml {version('nannyml')}, scikit-learn {version('scikit-learn')}"}
    for name, (load, score, label, threshold) in SETS.items():
        reference, analysis, _ = load()
        # A tenth each, without an eleventh of a few rows: NannyML rounds counts to five decimals.
        analysis = analysis.iloc[: len(analysis) // 10 * 10].copy()
        for side in (reference, analysis):
            side[score] = side[score].round(3)
            side["class"] = (side[score] >= threshold).astype(int)
        cbpe = nml.CBPE(
            metrics=METRICS, y_true=label, y_pred="class", y_pred_proba=score,
            problem_type="classification_binary", chunk_number=10,
        ).fit(reference)
        found = cbpe.estimate(analysis).filter(period="analysis").to_df(multilevel=True)
        chunks = []
        for _, row in found.iterrows():
            first, last = int(row[("chunk", "start_index")]), int(row[("chunk", "end_index")])
            rows = analysis[score].iloc[first : last + 1].value_counts().sort_index()
            figures = {metric: float(row[(metric, "value")]) for metric in METRICS}
            chunks.append({"rows": [[s, int(n)] for s, n in rows.items()], **figures})
        positives = reference.groupby(score)[label].agg(["sum", "count"])
        document[name] = {
            "threshold": threshold,
            "is_calibrated": bool(cbpe.needs_calibration),
            "reference": [[s, int(p), int(n - p)] for s, (p, n) in positives.iterrows()],
            "chunks": chunks,
        }
    text = json.dumps(document, separators=(",", ":"))
    (Path(__file__).parent / "cbpe_chunks.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
