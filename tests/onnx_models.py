"""Exports models of scikit-learn, LightGBM and XGBoost as ONNX for tests/it/model_onnx.rs, with onnxruntime's scores.

    python tests/onnx_models.py FOLDER tests/data

The sets are those of foreign_models.py. Of each model in FOLDER/NAME/: its file, 10,000 rows, the scores that
onnxruntime gives them, and for some what each column adds to the log-odds of the first rows (shap.csv).
"""

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
    linear = linear_contributions(fitted, rows) if isinstance(model, LogisticRegression) else None
    write(folder, exported, rows, linear)


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
    write(folder, exported, rows_to_score(table, 13))


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
