"""Logs models of LightGBM, XGBoost, ONNX and scikit-learn on a tracking server, for tests/it/mlflow_real.rs.

    python tests/mlflow_models.py URL FOLDER

FOLDER gets the rows and the scores of each: NAME.csv and NAME_scores.csv, and of the first five rows, which are the
input example, NAME_example.csv.
"""

import sys
import warnings
from pathlib import Path

import lightgbm
import mlflow
import numpy as np
import onnxruntime
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore")
url, folder = sys.argv[1], Path(sys.argv[2])
random = np.random.default_rng(0)
count = 1_000
rows = pd.DataFrame({
    "all visits": random.normal(size=count).round(3),
    "noise": random.normal(size=count).round(3),
    "plan": pd.Categorical(random.choice(["free", "basic", "pro"], count)),
})
rows.loc[::10, "all visits"] = np.nan
log_odds = 2 * rows["all visits"].fillna(0) + np.where(rows["plan"] == "free", 0.8, 0) - 0.5
churned = (random.random(count) < 1 / (1 + np.exp(-log_odds))).astype(int)
numbers = rows[["all visits", "noise"]]


def keep(name, table, scores):
    table.to_csv(folder / f"{name}.csv", index=False)
    scores = pd.DataFrame({"score": scores})
    scores.to_csv(folder / f"{name}_scores.csv", index=False)
    scores[:5].to_csv(folder / f"{name}_example.csv", index=False)


mlflow.set_tracking_uri(url)
mlflow.set_experiment("bring")
with mlflow.start_run():
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(rows, churned), 20)
    mlflow.lightgbm.log_model(booster, name="lgb", signature=infer_signature(rows, booster.predict(rows)),
                              registered_model_name="lgb", input_example=rows[:5])
    keep("lgb", rows, booster.predict(rows))
    trees = xgboost.XGBClassifier(n_estimators=10).fit(numbers, churned)
    scores = trees.predict_proba(numbers)[:, 1]
    mlflow.xgboost.log_model(trees, name="xgb", signature=infer_signature(numbers, scores),
                             registered_model_name="xgb")
    keep("xgb", numbers, scores)
    pipeline = make_pipeline(SimpleImputer(), LogisticRegression()).fit(numbers.to_numpy(np.float32), churned)
    mlflow.sklearn.log_model(pipeline, name="skl", registered_model_name="skl", serialization_format="pickle")
    graph = to_onnx(pipeline, numbers[:1].to_numpy(np.float32), options={"zipmap": False})
    mlflow.onnx.log_model(graph, name="onx", registered_model_name="onx")
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    scores = session.run(None, {session.get_inputs()[0].name: numbers.to_numpy(np.float32)})[1][:, 1]
    keep("onx", numbers, scores)
mlflow.MlflowClient().set_registered_model_alias("lgb", "champion", "1")
