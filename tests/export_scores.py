"""Scores rows with a model that `churnctl model export --format lightgbm` has written, for tests/it/model_export.rs.

    python tests/export_scores.py MODEL.txt ROWS.csv SCORES.csv FILLED

FILLED are the categories whose missing values are to be filled in, with commas between.
"""

import sys

import lightgbm
import pandas as pd

model, rows, scores, filled = sys.argv[1:]
booster = lightgbm.Booster(model_file=model)
table = pd.read_csv(rows)
table.columns = [name.replace(" ", "_") for name in table.columns]
table = table[booster.feature_name()]
categories = iter(booster.pandas_categorical)
for name in booster.feature_name():
    if not pd.api.types.is_numeric_dtype(table[name]):
        column = table[name].astype(object)
        if name in filled.split(","):
            column = column.fillna("(missing)")
        known = next(categories)
        table[name] = pd.Categorical(column.where(column.isin(known)), categories=known)
pd.DataFrame({"score": booster.predict(table)}).to_csv(scores, index=False)
