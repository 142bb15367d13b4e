"""Exports models of scikit-learn, LightGBM and XGBoost as ONNX for tests/it/model_onnx.rs, with onnxruntime's scores.

    python tests/onnx_models.py FOLDER tests/data

The sets are those of foreign_models.py. Of each model in FOLDER/NAME/: its file, 10,000 rows, the scores that
onnxruntime gives them, and for most what each column adds to the log-odds of the first rows (shap.csv): as LightGBM
says it, by the weights, and of trees of scikit-learn and XGBoost by the definition of Shapley values.
"""

import itertools
import json
import math
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnx.helper
import onnxruntime
import pandas as pd
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as Floats
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as in_pipelines
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier,
                              RandomForestClassifier)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler,
                                   StandardScaler)
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

from foreign_models import EXPLAINED, made_up, rows_to_score, telco, texts, zeros

warnings.filterwarnings("ignore")
SHAPLEY_ROWS = 300
plain_attribute = onnx.helper.make_attribute


def attribute(key, value, *rest, **named):
    """onnx takes whole numbers alone; skl2onnx 1.20 hands on truth values of a HistGradientBoostingClassifier."""
    if isinstance(value, list):
        value = [int(one) if isinstance(one, (bool, np.bool_, np.integer)) else one for one in value]
    return plain_attribute(key, value, *rest, **named)


onnx.helper.make_attribute = attribute
update_registered_converter(
    lightgbm.LGBMClassifier, "LightGbmLGBMClassifier", calculate_linear_classifier_output_shapes, in_pipelines,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]})


def filled(table, text="unknown"):
    return table.assign(**{name: table[name].fillna(text) for name in texts(table)})


def onnx_scores(model, rows):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    if len(inputs) == 1:
        given = {inputs[0].name: rows.to_numpy().astype(np.float32)}
    else:
        given = {name: rows[[name]].to_numpy().astype(str if name in texts(rows) else np.float32) for name in rows}
    given = {name: value.astype(object) if value.dtype.kind == "U" else value for name, value in given.items()}
    scores = session.run(None, given)[-1]
    if isinstance(scores, list):
        return [one[1] for one in scores]
    return scores[:, 1] if scores.ndim == 2 else scores


def write(folder, model, rows, contributions=None):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    rows.to_csv(folder / "rows.csv", index=False)
    pd.DataFrame({"score": onnx_scores(model, rows)}).to_csv(folder / "scores.csv", index=False)
    if contributions is not None:
        contributions.to_csv(folder / "shap.csv", index=False)


def pipeline(folder, data, numbers, categories, model, text="unknown", zipmap=False, options=None):
    """A pipeline over columns by name; `numbers` and `categories` prepare them."""
    table, labels = filled(data[0], text), data[1]
    rows = filled(rows_to_score(data[0], 11), text)
    of_texts = texts(table)
    of_numbers = [name for name in table if name not in of_texts]
    prepared = ColumnTransformer(
        [("numbers", numbers, of_numbers), ("categories", categories, of_texts)], sparse_threshold=0)
    fitted = Pipeline([("prepared", prepared), ("model", model)]).fit(table, labels)
    types = [(name, (StringTensorType if name in of_texts else FloatTensorType)([None, 1])) for name in table]
    exported = to_onnx(fitted, initial_types=types, options={id(fitted): {"zipmap": zipmap}}, **(options or {}))
    if isinstance(model, LogisticRegression):
        return write(folder, exported, rows, linear_contributions(fitted, rows))
    trees = trees_of(model)
    names = [name.split("__", 1)[1] for name in prepared.get_feature_names_out()]
    if trees is None or set(names) != set(table):
        return write(folder, exported, rows)
    # Whose rows count in the nodes: those that it has learned from.
    table.to_csv(folder.with_suffix(".csv"), index=False)
    first = np.asarray(prepared.transform(rows.iloc[:SHAPLEY_ROWS]), np.float32)
    return write(folder, exported, rows, shapley(trees, first, names))


def trees_of(model):
    """Trees as dicts of arrays, with the package's own counts of rows; none where a row was drawn several times."""
    def of_sklearn(tree, values):
        return {"feature": tree.feature, "threshold": tree.threshold, "left": tree.children_left, "value": values,
                "right": tree.children_right, "missing_left": np.zeros(tree.node_count, bool),
                "count": tree.n_node_samples, "at_most": True}

    if isinstance(model, ExtraTreesClassifier):
        return [of_sklearn(one.tree_, one.tree_.value[:, 0, 1] / len(model.estimators_)) for one in model.estimators_]
    if isinstance(model, GradientBoostingClassifier):
        return [of_sklearn(one.tree_, one.tree_.value[:, 0, 0] * model.learning_rate)
                for one in model.estimators_[:, 0]]
    if isinstance(model, HistGradientBoostingClassifier):
        nodes = [one[0].nodes for one in model._predictors]
        # The file has these thresholds rounded to single precision.
        return [{"feature": one["feature_idx"], "threshold": one["num_threshold"].astype(np.float32),
                 "value": one["value"], "right": one["right"].astype(int),
                 "left": np.where(one["is_leaf"], -1, one["left"].astype(int)),
                 "missing_left": one["missing_go_to_left"].astype(bool), "count": one["count"], "at_most": True}
                for one in nodes]
    return None


def trees_of_xgboost(booster, learned):
    """XGBoost weighs nodes by hessians, which ONNX does not have: the rows that it has learned from are counted."""
    trees = []
    for text in booster.get_dump(dump_format="json"):
        nodes = {}

        def walk(node):
            nodes[node["nodeid"]] = node
            for child in node.get("children", []):
                walk(child)

        walk(json.loads(text))
        of = [nodes[at] for at in range(len(nodes))]
        tree = {"feature": np.array([int(one["split"][1:]) if "split" in one else -1 for one in of]),
                "threshold": np.array([one.get("split_condition", 0) for one in of], np.float32),
                "left": np.array([one.get("yes", -1) for one in of]),
                "right": np.array([one.get("no", -1) for one in of]),
                "missing_left": np.array([one.get("missing") == one.get("yes", 0) for one in of]),
                "value": np.array([one.get("leaf", 0) for one in of]), "at_most": False, "count": np.zeros(len(of))}
        count(tree, learned, 0)
        trees.append(tree)
    return trees


def goes_left(tree, rows, at):
    values = rows[:, tree["feature"][at]]
    below = values <= tree["threshold"][at] if tree["at_most"] else values < tree["threshold"][at]
    return np.where(np.isnan(values), tree["missing_left"][at], below)


def count(tree, rows, at):
    tree["count"][at] = len(rows)
    if tree["left"][at] >= 0:
        left = goes_left(tree, rows, at)
        count(tree, rows[left], tree["left"][at])
        count(tree, rows[~left], tree["right"][at])


def expected(tree, rows, known, at=0):
    """The mean output where only the known columns decide, and the counts of rows elsewhere."""
    left, right = tree["left"][at], tree["right"][at]
    if left < 0:
        return np.full(len(rows), tree["value"][at])
    outputs = expected(tree, rows, known, left), expected(tree, rows, known, right)
    if tree["feature"][at] in known:
        return np.where(goes_left(tree, rows, at), *outputs)
    share = tree["count"][left] / (tree["count"][left] + tree["count"][right])
    return share * outputs[0] + (1 - share) * outputs[1]


def shapley(trees, rows, names):
    """Shapley values by their definition: every set of columns (Lundberg and others 2020, algorithm 1)."""
    columns = range(len(names))
    worth = {known: sum(expected(tree, rows, set(known)) for tree in trees)
             for size in range(len(names) + 1) for known in itertools.combinations(columns, size)}
    added = np.zeros((len(rows), len(names)))
    for column in columns:
        for known, value in worth.items():
            if column not in known:
                weight = math.factorial(len(known)) * math.factorial(len(names) - len(known) - 1)
                larger = worth[tuple(sorted((*known, column)))]
                added[:, column] += weight / math.factorial(len(names)) * (larger - value)
    return pd.DataFrame(added, columns=list(names))


def linear_contributions(fitted, rows):
    """What each column adds beyond its mean: that of the numbers that are there, and of all rows for a text."""
    prepared, weights = fitted["prepared"], fitted["model"].coef_[0]
    added = prepared.transform(rows) * weights
    at_mean = rows.assign(**{name: rows[name].mean() for name in rows if name not in texts(rows)})
    means = prepared.transform(at_mean.iloc[:1]) * weights
    names = [name.split("__", 1)[1] for name in prepared.get_feature_names_out()]
    contributions = pd.DataFrame(index=range(EXPLAINED))
    for column in rows:
        if column in texts(rows):
            own = [at for at, name in enumerate(names) if name.startswith(column + "_")]
            all_rows = added[:, own].sum(axis=1)
            contributions[column] = (all_rows - all_rows.mean())[:EXPLAINED]
        else:
            own = names.index(column)
            contributions[column] = (added[:, own] - means[0, own])[:EXPLAINED]
    return contributions


def numbers_alone(data):
    """Categories as numbers, and numbers in single precision as the file has them."""
    table = data[0].copy()
    for name in texts(table):
        table[name] = table[name].astype("category").cat.codes.replace(-1, np.nan)
    return table.astype(np.float32), data[1]


def of_lightgbm(folder, data, zipmap):
    table, labels = numbers_alone(data)
    categories = [list(table).index(name) for name in texts(data[0])]
    model = lightgbm.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1, min_data_per_group=20)
    model.fit(table.to_numpy(), labels, categorical_feature=categories)
    exported = convert_lightgbm(model, initial_types=[("X", Floats([None, table.shape[1]]))], zipmap=zipmap)
    # Whose rows count in the nodes: those that it has learned from.
    table.to_csv(folder.with_suffix(".csv"), index=False)
    rows = rows_to_score(table, 12)
    explained = model.predict(rows.iloc[:EXPLAINED].to_numpy(), pred_contrib=True)
    write(folder, exported, rows, pd.DataFrame(explained[:, :-1], columns=list(rows)))


def of_xgboost(folder, data):
    table, labels = numbers_alone(data)
    model = xgboost.XGBClassifier(n_estimators=30, max_depth=5, n_jobs=1, base_score=0.4).fit(table.to_numpy(), labels)
    exported = convert_xgboost(model, initial_types=[("X", Floats([None, table.shape[1]]))])
    table.to_csv(folder.with_suffix(".csv"), index=False)
    rows = rows_to_score(table, 13)
    trees = trees_of_xgboost(model.get_booster(), table.to_numpy())
    write(folder, exported, rows, shapley(trees, rows.iloc[:SHAPLEY_ROWS].to_numpy(), list(rows)))


def main(folder, data):
    sets = {"telco": telco(data), "made_up": made_up(5), "zeros": zeros(6)}
    one_hot = OneHotEncoder(handle_unknown="ignore")
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    median = SimpleImputer(strategy="median")
    forest = {"n_estimators": 20, "max_depth": 9, "random_state": 1}
    linear = {"max_iter": 300}
    pipeline(folder / "logistic-telco", sets["telco"], make_pipeline(median, StandardScaler()), one_hot,
             LogisticRegression(**linear), zipmap=True)
    most_frequent = SimpleImputer(missing_values="", strategy="most_frequent")
    pipeline(folder / "logistic-most-frequent", sets["made_up"], make_pipeline(SimpleImputer(), RobustScaler()),
             make_pipeline(most_frequent, OneHotEncoder(handle_unknown="ignore")), LogisticRegression(**linear), text="")
    pipeline(folder / "logistic-drop-first", sets["zeros"], make_pipeline(SimpleImputer(), MaxAbsScaler()),
             OneHotEncoder(drop="first"), LogisticRegression(**linear))
    pipeline(folder / "forest-telco", sets["telco"], SimpleImputer(), ordinal, RandomForestClassifier(**forest))
    pipeline(folder / "forest-rare", sets["made_up"], make_pipeline(median, StandardScaler()),
             OneHotEncoder(handle_unknown="ignore", min_frequency=100), RandomForestClassifier(**forest))
    pipeline(folder / "extra-trees", sets["zeros"], SimpleImputer(strategy="constant", fill_value=-1), ordinal,
             ExtraTreesClassifier(**forest), text="nan", zipmap="columns")
    pipeline(folder / "boosting-zeros", sets["zeros"], make_pipeline(SimpleImputer(), MinMaxScaler()), ordinal,
             GradientBoostingClassifier(n_estimators=30), text="")
    pipeline(folder / "hist-made_up", sets["made_up"], "passthrough", ordinal,
             HistGradientBoostingClassifier(max_iter=30))
    pipeline(folder / "lightgbm-pipeline", sets["telco"], "passthrough", one_hot,
             lightgbm.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1),
             options={"target_opset": {"": 15, "ai.onnx.ml": 2}})
    of_lightgbm(folder / "lightgbm", sets["made_up"], zipmap=False)
    of_lightgbm(folder / "lightgbm-telco", sets["telco"], zipmap=True)
    of_xgboost(folder / "xgboost", sets["zeros"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
