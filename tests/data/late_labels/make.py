#!/usr/bin/env python3
"""Makes predictions, two label sources for them, and what a join by pandas and the figures of scikit-learn
say of them.

    python3 make.py [PREDICTIONS [FOLDER]]

The tables are made up from a seed. Without arguments it writes the files beside it. Needs numpy, pandas and
scikit-learn. The join here shares nothing with that of churnctl but its definition in docs/statistics.md:
every pair of a prediction and a label with its key is made, and those outside the window are dropped.
"""

import gzip
import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn import metrics

WINDOW = pd.Timedelta(days=30)
START = pd.Timestamp("2026-01-05")  # A Monday: weeks begin there.
DAYS = 84
THRESHOLD = 0.5


def tables(count, rng):
    """Predictions of customers who come again, and who left when."""
    users = max(count // 3, 1)
    weights = rng.gamma(0.7, size=users)
    user = rng.choice(users, size=count, p=weights / weights.sum())
    at = START + pd.to_timedelta(rng.integers(0, DAYS * 86_400, size=count), unit="s")
    leaning = rng.normal(size=users)
    # A model that has grown stale: from week 6 on its scores tell less.
    week = ((at - START).days // 7).to_numpy()
    skill = np.where(week < 6, 1.4, 0.7)
    logit = -1.4 + skill * leaning[user] + 0.6 * rng.normal(size=count)
    predictions = pd.DataFrame(
        {
            "user_id": [f"C{u:06d}" for u in user],
            "predicted_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "plan": rng.choice(["basic", "plus", "pro"], p=[0.5, 0.3, 0.2], size=count),
            "churn_risk": np.round(1 / (1 + np.exp(-logit)), 4),
        }
    )
    # Gaps: no key, no time.
    predictions.loc[rng.random(count) < 0.004, "user_id"] = ""
    predictions.loc[rng.random(count) < 0.003, "predicted_at"] = ""
    # Retries that were logged twice.
    again = predictions[rng.random(count) < 0.01]
    predictions = pd.concat([predictions, again]).sample(frac=1, random_state=7, ignore_index=True)

    # Who leaves does so at some time; some before they were ever scored, some long after.
    leaves = rng.random(users) < 1 / (1 + np.exp(1.2 - 1.4 * leaning))
    left = np.flatnonzero(leaves)
    day = rng.uniform(-25, DAYS + 20, size=len(left))
    moment = START + pd.to_timedelta((day * 86_400).astype(int), unit="s")
    events = pd.DataFrame(
        {"customer_id": [f"C{u:06d}" for u in left], "left_at": moment.strftime("%Y-%m-%d %H:%M:%S")}
    )
    # Events of customers that nobody scored, duplicates as exports have them, gaps.
    other = events.sample(frac=0.05, random_state=3)
    other = other.assign(customer_id="X" + other["customer_id"])
    twice = events.sample(frac=0.08, random_state=4)
    later = events.sample(frac=0.05, random_state=5)
    shifted = pd.to_datetime(later["left_at"]) + pd.Timedelta(days=2, hours=5)
    later = later.assign(left_at=shifted.dt.strftime("%Y-%m-%d %H:%M:%S"))
    events = pd.concat([events, other, twice, later])
    gap = rng.random(len(events))
    events = events.assign(
        customer_id=np.where(gap < 0.02, "", events["customer_id"]),
        left_at=np.where(gap > 0.996, "unknown", events["left_at"]),
    )
    events = events.sample(frac=1, random_state=8, ignore_index=True)

    # The other kind of source: a value for everybody, told again and again, corrections among them.
    told = rng.choice(users, size=users * 3)
    day = rng.uniform(-10, DAYS + 15, size=len(told)).astype(int)
    outcome = np.where(rng.random(len(told)) < 0.15, ~leaves[told], leaves[told])
    outcomes = pd.DataFrame(
        {
            "user_id": [f"C{u:06d}" for u in told],
            "day": (START + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d"),
            "churned": np.where(outcome, "yes", "no"),
        }
    )
    flipped = outcomes[rng.random(len(told)) < 0.03]
    flipped = flipped.assign(churned=np.where(flipped["churned"] == "yes", "no", "yes"))
    outcomes = pd.concat([outcomes, flipped], ignore_index=True)
    outcomes.loc[rng.random(len(outcomes)) < 0.01, "churned"] = ""
    return predictions, events, outcomes


def baseline(rng):
    """Rows of the time when the model was made."""
    count = 3_000
    leaning = rng.normal(size=count)
    logit = -1.4 + 1.4 * leaning + 0.6 * rng.normal(size=count)
    churned = rng.random(count) < 1 / (1 + np.exp(1.2 - 1.4 * leaning))
    return pd.DataFrame(
        {
            "plan": rng.choice(["basic", "plus", "pro"], p=[0.5, 0.3, 0.2], size=count),
            "churn_risk": np.round(1 / (1 + np.exp(-logit)), 4),
            "churned": np.where(churned, "yes", "no"),
        }
    )


def joined(predictions, labels, unmatched):
    """Joins `labels` (key, time, value) with the predictions; returns counts and a row a prediction."""
    rows = predictions.assign(at=pd.to_datetime(predictions["predicted_at"], utc=True, errors="coerce"))
    rows["at"] = rows["at"].dt.tz_localize(None)
    times = pd.to_datetime(labels["time"], errors="coerce", format="ISO8601")
    has_time, has_key, has_value = times.notna(), labels["key"] != "", labels["value"] != ""
    watermark = times[has_time & has_key].max()
    usable = pd.DataFrame({"key": labels["key"], "time": times, "value": labels["value"]})
    usable = usable[has_time & has_key & has_value].reset_index(drop=True)

    has_at, has_user = rows["at"].notna(), rows["user_id"] != ""
    known = rows[has_at & has_user].copy()
    known["id"] = known.index
    pairs = known[["id", "user_id", "at"]].merge(
        usable.rename_axis("label").reset_index(), left_on="user_id", right_on="key"
    )
    inside = pairs[(pairs["time"] >= pairs["at"]) & (pairs["time"] < pairs["at"] + WINDOW)]

    mature = known["at"] + WINDOW <= watermark
    by = inside.groupby("id")
    count = by.size().reindex(known["id"], fill_value=0).to_numpy()
    differs = (by["value"].nunique().reindex(known["id"], fill_value=0) > 1).to_numpy()
    latest = inside[inside["time"] == by["time"].transform("max")].groupby("id")["value"]
    values = latest.nunique().reindex(known["id"], fill_value=0).to_numpy()
    value = latest.first().reindex(known["id"]).to_numpy()
    known["state"] = np.select(
        [~mature, count == 0, values > 1], ["immature", "unmatched", "conflicting"], "matched"
    )
    known["twice"] = mature & (count > 1)
    known["differing"] = mature & differs
    known["label"] = np.where(
        known["state"] == "matched",
        np.where(value == "yes", 1.0, 0.0),
        np.where((known["state"] == "unmatched") & (unmatched == "negative"), 0.0, np.nan),
    )

    first = known.groupby("user_id")["at"].min()
    windows = inside.groupby("label")["id"].size().reindex(usable.index, fill_value=0)
    earliest = usable["key"].map(first)
    lonely = earliest.isna()
    early = ~lonely & (windows == 0) & (usable["time"] < earliest)
    late = ~lonely & (windows == 0) & ~early
    counted = {
        "rows": len(labels),
        "in_window": int((windows > 0).sum()),
        "too_early": int(early.sum()),
        "too_late": int(late.sum()),
        "without_prediction": int(lonely.sum()),
        "without_key": int((has_time & ~has_key).sum()),
        "without_time": int((~has_time).sum()),
        "without_value": int((has_time & has_key & ~has_value).sum()),
        "future": 0,
        "shared": int((windows > 1).sum()),
    }
    # A row without both is one without a time.
    lost = {"without_time": ~has_at, "without_key": has_at & ~has_user}
    return known, rows, lost, counted, watermark


def counts(known, lost):
    state = known["state"].value_counts()
    return {
        "rows": len(known) + sum(int(some.sum()) for some in lost.values()),
        **{name: int(state.get(name, 0)) for name in ["matched", "unmatched", "immature", "conflicting"]},
        **{name: int(some.sum()) for name, some in lost.items()},
        "twice": int(known["twice"].sum()),
        "differing": int(known["differing"].sum()),
    }


def figures(known):
    """What scikit-learn says of those whose label is known."""
    known = known[known["label"].notna()]
    label, score = known["label"].to_numpy(), known["churn_risk"].to_numpy()
    if len(known) == 0 or len(set(label)) < 2:
        return {"rows": len(known), "positives": int(label.sum())}
    made = score >= THRESHOLD
    tn, fp, fn, tp = (int(n) for n in metrics.confusion_matrix(label, made).ravel())
    return {
        "rows": len(known),
        "positives": int(label.sum()),
        "roc_auc": metrics.roc_auc_score(label, score),
        "average_precision": metrics.average_precision_score(label, score),
        "log_loss": metrics.log_loss(label, score),
        "brier": metrics.brier_score_loss(label, score),
        "accuracy": metrics.accuracy_score(label, made),
        "precision": metrics.precision_score(label, made, zero_division=0),
        "recall": metrics.recall_score(label, made),
        "f1": metrics.f1_score(label, made),
        "mcc": metrics.matthews_corrcoef(label, made),
        "confusion": {
            "true_positives": tp,
            "false_positives": fp,
            "false_negatives": fn,
            "true_negatives": tn,
        },
    }


def expected(predictions, labels, unmatched):
    known, rows, lost, counted, watermark = joined(predictions, labels, unmatched)
    nobody = {name: some & False for name, some in lost.items()}
    windows = []
    for start in pd.date_range(START, periods=DAYS // 7, freq="7D"):
        in_window = (rows["at"] >= start) & (rows["at"] < start + pd.Timedelta(days=7))
        own = known[(known["at"] >= start) & (known["at"] < start + pd.Timedelta(days=7))]
        keyless = {**nobody, "without_key": lost["without_key"] & in_window}
        windows.append({"start": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "predictions": counts(own, keyless), "performance": figures(own)})
    return {
        "watermark": watermark.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "predictions": counts(known, lost),
        "labels": counted,
        "performance": figures(known),
        "windows": windows,
    }


def write(folder, name, table):
    text = io.StringIO()
    table.to_csv(text, index=False)
    with open(folder / f"{name}.csv.gz", "wb") as file:
        # No name, no time: the same table gives the same bytes.
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
            packed.write(text.getvalue().encode())


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
    rng = np.random.default_rng(20261129)
    before = baseline(rng)
    predictions, events, outcomes = tables(count, rng)
    for name, table in [("baseline", before), ("predictions", predictions), ("events", events), ("outcomes", outcomes)]:
        write(folder, name, table)
    those_who_left = events.rename(columns={"customer_id": "key", "left_at": "time"}).assign(value="yes")
    told = outcomes.rename(columns={"user_id": "key", "day": "time", "churned": "value"})
    found = {
        "made_by": f"pandas {pd.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "events": expected(predictions, those_who_left, "negative"),
        "outcomes": expected(predictions, told, "drop"),
        "outcomes_negative": expected(predictions, told, "negative"),
    }
    (folder / "expected.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
