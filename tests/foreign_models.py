"""Trains models of LightGBM, XGBoost and CatBoost for tests/it/model.rs, and writes what the packages say.

    python tests/foreign_models.py FOLDER tests/data

Three sets with missing values and categories: Telco (the parts in tests/data), a made-up one with numbers of
many sizes and codes as categories, and one with zeros that are missing. Of each model: its file, 10,000 rows,
the package's scores of them, and its contributions (SHAP) to the first 200, in FOLDER/NAME/.
"""

import gzip
import json
import sys
import warnings
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost

warnings.filterwarnings("ignore")
ROWS, EXPLAINED = 10_000, 100


def telco(folder):
    parts = [pd.read_csv(folder / f"telco_{part}.csv.gz") for part in ("train", "valid")]
    table = pd.concat(parts, ignore_index=True)
    label = next(name for name in table if name.lower() in ("churn", "churn_label"))
    labels = (table.pop(label).astype(str).str.lower().isin(["yes", "1", "true"])).astype(int)
    table = table.drop(columns=[name for name in table if name.lower() in ("customerid", "customer_id")])
    random = np.random.RandomState(3)
    for name in table:
        # What Telco lacks: missing values in every column.
        table.loc[random.rand(len(table)) < 0.04, name] = None
    return table, labels


def made_up(seed, rows=4_000):
    random = np.random.RandomState(seed)
    table = pd.DataFrame(
        {
            "tiny": random.normal(scale=1e-7, size=rows),
            "large": np.exp(random.normal(12, 3, rows)),
            "cents": random.randint(0, 10_000, rows) / 100,
            "whole": random.randint(-5, 40, rows).astype(float),
            "plan": random.choice(["basic", "plus", "größer", "x y"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "region": random.choice([f"r{at:02}" for at in range(40)], rows),
        }
    )
    score = (
        np.sin(table.cents / 9)
        + (table.plan == "plus") * 1.2
        - np.log(table.large) / 8
        + table.region.str[1:].astype(int).mod(7) / 4
        + random.normal(size=rows)
    )
    for name in table:
        table.loc[random.rand(rows) < 0.1, name] = None
    return table, (score + table.whole.fillna(9) / 20 > 0.6).astype(int)


def zeros(seed):
    table, labels = made_up(seed)
    random = np.random.RandomState(seed)
    for name in ("cents", "whole", "tiny"):
        table.loc[random.rand(len(table)) < 0.3, name] = 0.0
    return table, labels


def rows_to_score(table, seed):
    """Rows of the table, with values of other rows in some columns."""
    random = np.random.RandomState(seed)
    rows = table.iloc[random.randint(0, len(table), ROWS)].reset_index(drop=True)
    for name in rows:
        other = table[name].iloc[random.randint(0, len(table), ROWS)].reset_index(drop=True)
        rows[name] = rows[name].where(random.rand(ROWS) < 0.7, other)
    return rows


def texts(table):
    return [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]


def as_categories(table, like):
    table = table.copy()
    for name in texts(like):
        table[name] = pd.Categorical(table[name], categories=sorted(like[name].dropna().unique()))
    return table


def write(folder, rows, scores, contributions):
    rows.to_csv(folder / "rows.csv", index=False)
    pd.DataFrame({"score": scores}).to_csv(folder / "scores.csv", index=False)
    pd.DataFrame(contributions[:, :-1], columns=rows.columns).to_csv(folder / "shap.csv", index=False)


def of_lightgbm(folder, data, parameters, codes=False):
    table, labels = data
    rows = rows_to_score(table, 1)
    if codes:
        # Categories as numbers, which the file does not name.
        encode = {name: {text: code * 3 + 1 for code, text in enumerate(sorted(table[name].dropna().unique()))}
                  for name in texts(table)}
        for name, known in encode.items():
            table = table.assign(**{name: table[name].map(known)})
            rows = rows.assign(**{name: rows[name].map(known)})
        data = lightgbm.Dataset(table, labels, categorical_feature=list(encode))
        frame = rows
    else:
        data = lightgbm.Dataset(as_categories(table, table), labels)
        frame = as_categories(rows, table)
    rounds = parameters.pop("rounds", 40)
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1, **parameters}, data, rounds)
    booster.save_model(folder / "model.txt")
    explained = booster.predict(frame.iloc[:EXPLAINED], pred_contrib=True)
    if parameters.get("boosting") == "rf":
        # LightGBM averages the outputs of a forest, but adds up their contributions.
        explained = explained / rounds
    write(folder, rows, booster.predict(frame), explained)


def of_xgboost(folder, data, parameters, names=("model.json", "model.ubj")):
    table, labels = data
    rows = rows_to_score(table, 2)
    matrix = xgboost.DMatrix(as_categories(table, table), labels, enable_categorical=True)
    parameters = {"objective": "binary:logistic", "nthread": 1, "max_depth": 5, **parameters}
    booster = xgboost.train(parameters, matrix, parameters.pop("rounds", 40))
    for name in names:
        booster.save_model(folder / name)
    frame = xgboost.DMatrix(as_categories(rows, table), enable_categorical=True)
    first = xgboost.DMatrix(as_categories(rows, table).iloc[:EXPLAINED], enable_categorical=True)
    write(folder, rows, booster.predict(frame), booster.predict(first, pred_contribs=True))


def of_catboost(folder, data, parameters, fill="missing"):
    table, labels = data
    rows = rows_to_score(table, 4)
    categories = texts(table)

    def filled(frame):
        # CatBoost wants a text in every category.
        return frame.assign(**{name: frame[name].fillna(fill) for name in categories})

    model = catboost.CatBoostClassifier(
        verbose=0, thread_count=1, cat_features=categories, one_hot_max_size=100, allow_writing_files=False,
        **{"iterations": 40, "depth": 5, **parameters})
    model.fit(filled(table), labels)
    pool = catboost.Pool(filled(table), labels, cat_features=categories)
    model.save_model(folder / "model.json", format="json", pool=pool)
    rows = filled(rows)
    first = catboost.Pool(rows.iloc[:EXPLAINED], cat_features=categories)
    explained = model.get_feature_importance(first, type="ShapValues")
    write(folder, rows, model.predict_proba(rows)[:, 1], explained)


def without_names(folder, data, framework):
    """Numbers alone, as an array: the frameworks then count features."""
    table, labels = data
    table = table.select_dtypes("number")
    rows = rows_to_score(table, 7)
    values, first = rows.to_numpy(), rows.to_numpy()[:EXPLAINED]
    if framework == "lightgbm":
        parameters = {"objective": "binary", "verbose": -1, "num_threads": 1}
        booster = lightgbm.train(parameters, lightgbm.Dataset(table.to_numpy(), labels), 20)
        booster.save_model(folder / "model.txt")
        write(folder, rows, booster.predict(values), booster.predict(first, pred_contrib=True))
    elif framework == "xgboost":
        # The wrapper for scikit-learn predicts with the best rounds alone; its file has all.
        model = xgboost.XGBClassifier(n_estimators=200, early_stopping_rounds=3, learning_rate=0.8, n_jobs=1)
        half = len(table) // 2
        seen, others = table.to_numpy()[:half], table.to_numpy()[half:]
        model.fit(seen, labels[:half], eval_set=[(others, labels[half:])], verbose=False)
        model.save_model(folder / "model.json")
        best = (0, model.best_iteration + 1)
        assert best[1] < model.get_booster().num_boosted_rounds()
        explained = model.get_booster().predict(xgboost.DMatrix(first), pred_contribs=True, iteration_range=best)
        write(folder, rows, model.predict_proba(values)[:, 1], explained)
    else:
        model = catboost.CatBoostClassifier(
            iterations=20, verbose=0, thread_count=1, allow_writing_files=False, class_weights=[1, 3])
        model.fit(table.to_numpy(), labels)
        model.save_model(folder / "model.json", format="json")
        explained = model.get_feature_importance(catboost.Pool(first), type="ShapValues")
        write(folder, rows, model.predict_proba(values)[:, 1], explained)


def main(folder, data):
    three = {"telco": telco(data), "made_up": made_up(5), "zeros": zeros(6)}
    models = {
        "lightgbm-telco": (of_lightgbm, "telco", {}),
        "lightgbm-made_up": (of_lightgbm, "made_up", {"sigmoid": 1.7, "max_cat_to_onehot": 2, "min_data_per_group": 5}),
        "lightgbm-zeros": (of_lightgbm, "zeros", {"zero_as_missing": True}),
        "lightgbm-not-missing": (of_lightgbm, "zeros", {"use_missing": False}),
        "lightgbm-forest": (of_lightgbm, "made_up", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}),
        "xgboost-telco": (of_xgboost, "telco", {}),
        "xgboost-made_up": (of_xgboost, "made_up", {"max_cat_to_onehot": 2, "base_score": 0.3}),
        "xgboost-dart": (of_xgboost, "zeros", {"booster": "dart", "rate_drop": 0.2, "rounds": 30}),
        "xgboost-forest": (of_xgboost, "made_up", {"num_parallel_tree": 3, "subsample": 0.7, "rounds": 10}),
        "catboost-telco": (of_catboost, "telco", {}),
        "catboost-made_up": (of_catboost, "made_up", {"nan_mode": "Max", "depth": 6}),
        "catboost-zeros": (of_catboost, "zeros", {"loss_function": "CrossEntropy"}),
    }
    for name, (train, set_name, parameters) in models.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        train(folder / name, three[set_name], dict(parameters))
    for framework in ("lightgbm", "xgboost", "catboost"):
        (folder / f"{framework}-without-names").mkdir()
        without_names(folder / f"{framework}-without-names", three["made_up"], framework)
    for fill, name in (("nan", "nan"), ("", "empty")):
        # What is missing to everybody else is a text to CatBoost.
        (folder / f"catboost-{name}").mkdir()
        of_catboost(folder / f"catboost-{name}", three["made_up"], {"iterations": 20}, fill=fill)
    (folder / "lightgbm-codes").mkdir(exist_ok=True)
    of_lightgbm(folder / "lightgbm-codes", three["made_up"], {}, codes=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
