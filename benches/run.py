#!/usr/bin/env python3
"""churnctl beside what a team would use instead, in one run. `benches/run.sh` installs the peers and calls it.

Each program is a process of its own, measured by the kernel from its start to its end, with what it loads: wall time, CPU
time of all its threads, peak of resident memory. Programs take turns for --rounds rounds; the table has each one's median, and the
median of the ratios of CPU time within a round, which a busy machine changes least. What takes minutes runs once.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
ONCE = {"Evidently", "NannyML"}

# Programs of the peers: each does the job as its documentation shows, and prints what it found.
POLARS_PSI = """
import sys, math, polars as pl
from concurrent.futures import ThreadPoolExecutor
read = pl.read_parquet if sys.argv[1].endswith("parquet") else pl.read_csv
base, cur = read(sys.argv[1]), read(sys.argv[2])
def psi(name):
    b, c = base[name].drop_nulls(), cur[name].drop_nulls()
    if b.dtype.is_numeric():
        b, c = b.sort(), c.sort()
        edges = sorted({b.quantile(i / 10, "linear") for i in range(1, 10)})
        def counts(s):
            at = [0, *(s.search_sorted(e, side="left") for e in edges), len(s)]
            return [y - x for x, y in zip(at, at[1:])]
        pairs = list(zip(counts(b), counts(c)))
    else:
        b, c = (dict(s.value_counts().iter_rows()) for s in (b, c))
        pairs = [(b.get(k, 0), c.get(k, 0)) for k in b.keys() | c.keys()]
    nb, nc = (sum(side) + .5 * len(pairs) for side in zip(*pairs))
    shares = [((x + .5) / nb, (y + .5) / nc) for x, y in pairs]
    return sum((q - p) * math.log(q / p) for p, q in shares)
print(max(ThreadPoolExecutor().map(psi, base.columns)))
"""
PANDAS_PSI = """
import sys, numpy as np, pandas as pd
base, cur = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
def psi(name):
    b, c = base[name].dropna(), cur[name].dropna()
    if pd.api.types.is_numeric_dtype(b):
        edges = np.unique([-np.inf, *np.quantile(b, np.arange(1, 10) / 10), np.inf])
        b, c = np.histogram(b, edges)[0], np.histogram(c, edges)[0]
    else:
        b, c = b.value_counts(), c.value_counts()
        both = b.index.union(c.index)
        b, c = b.reindex(both, fill_value=0).to_numpy(), c.reindex(both, fill_value=0).to_numpy()
    p, q = ((side + .5) / (side + .5).sum() for side in (b, c))
    return float(((q - p) * np.log(q / p)).sum())
print(max(map(psi, base.columns)))
"""
EVIDENTLY = """
import sys, pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
base, cur = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
Report([DataDriftPreset()]).run(reference_data=base, current_data=cur).save_html("evidently.html")
"""
NANNYML_DRIFT = """
import sys, pandas as pd, nannyml as nml
base, cur = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
calculator = nml.UnivariateDriftCalculator(column_names=list(base.columns), chunk_number=1)
print(len(calculator.fit(base).calculate(cur).to_df()))
"""
NANNYML_CBPE = """
import sys, pandas as pd, nannyml as nml
base, cur = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
metrics = ["roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"]
cbpe = nml.CBPE(metrics=metrics, y_true="label", y_pred="class", y_pred_proba="score",
                problem_type="classification_binary", chunk_size=len(cur))
found = cbpe.fit(base).estimate(cur).filter(period="analysis").to_df()
print(float(found[("roc_auc", "value")].iloc[0]))
"""
LIGHTGBM_SCORE = """
import sys, pandas as pd, lightgbm as lgb
rows = pd.read_csv(sys.argv[2])
for name in rows.select_dtypes(exclude="number"):
    rows[name] = rows[name].astype("category")
score = lgb.Booster(model_file=sys.argv[1]).predict(rows)
pd.DataFrame({"churn_risk": score}).to_csv("lightgbm_scores.csv", index=False)
"""
# Early stopping on a sixth of the training rows, as each library's guide has it.
LEARNERS = """
import sys, json, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.metrics import log_loss, roc_auc_score
name, train, test = sys.argv[1:]
train, test = pd.read_csv(train), pd.read_csv(test)
texts = [c for c in train if train[c].dtype.kind not in "if" and c != "churn"]
split = lambda t: (t.drop(columns="churn"), (t["churn"].astype(str).isin(["1", "Yes"])).astype(int))
x, y = split(train)
z, truth = split(test)
if name == "LightGBM":
    import lightgbm as lgb
    for c in texts:
        levels = pd.CategoricalDtype(sorted(x[c].dropna().unique()))
        x[c], z[c] = x[c].astype(levels), z[c].astype(levels)
    a, b, ya, yb = train_test_split(x, y, test_size=1 / 6, random_state=1, stratify=y)
    model = lgb.LGBMClassifier(n_estimators=2000, learning_rate=.03, num_leaves=15, verbose=-1, random_state=1)
    model.fit(a, ya, eval_set=[(b, yb)], callbacks=[lgb.early_stopping(50, verbose=False)])
elif name == "CatBoost":
    from catboost import CatBoostClassifier
    for t in (x, z):
        t[texts] = t[texts].fillna("missing").astype(str)
    a, b, ya, yb = train_test_split(x, y, test_size=1 / 6, random_state=1, stratify=y)
    model = CatBoostClassifier(iterations=2000, learning_rate=.05, verbose=0, random_seed=1, early_stopping_rounds=50,
                               cat_features=texts, allow_writing_files=False)
    model.fit(a, ya, eval_set=(b, yb))
else:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    numbers = [c for c in x if c not in texts]
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), texts))
    model = make_pipeline(prepared, LogisticRegressionCV(max_iter=2000, scoring="neg_log_loss", n_jobs=1))
    model.fit(x, y)
score = model.predict_proba(z)[:, 1]
print(json.dumps({"log_loss": log_loss(truth, score), "roc_auc": roc_auc_score(truth, score)}))
"""
FASTAPI = """
import sys, json, pandas as pd, lightgbm as lgb, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
model = lgb.Booster(model_file=sys.argv[1])
kinds = json.load(open(sys.argv[2]))
class Record(BaseModel):
    features: dict[str, float | str | None]
app = FastAPI()
@app.post("/predict")
def predict(record: Record):
    row = pd.DataFrame([record.features])
    for name, levels in kinds.items():
        row[name] = pd.Categorical(row[name], categories=levels)
    return {"churn_risk": float(model.predict(row)[0])}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[3]), log_level="warning")
"""


# Measures a program as a child of a small process: the kernel counts the peak of memory from the fork on, with what the parent has.
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - start
open(sys.argv[1], "w").write(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Run:
    def __init__(self, wall, cpu, memory, out):
        self.wall, self.cpu, self.memory, self.out = wall, cpu, memory, out


def run(command, folder):
    """Runs a program to its end; exit 2 of a drift check is an answer."""
    quiet = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    with tempfile.NamedTemporaryFile("r") as figures:
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, figures.name]
        done = subprocess.run([*launcher, *command], cwd=folder, env=quiet, capture_output=True, text=True)
        if done.returncode not in (0, 2):
            sys.exit(f"{command[:3]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return Run(*json.load(figures), done.stdout)


def by_turns(programs, folder, rounds):
    """Runs all of them in turn; returns the runs of each by its name."""
    runs = {name: [] for name in programs}
    for number in range(rounds):
        for name, command in programs.items():
            if number == 0 or name not in ONCE:
                runs[name].append(run(command, folder))
                print(f"  {name}: {runs[name][-1].cpu:.2f} CPU s", file=sys.stderr)
    return runs


def table(title, runs, note=""):
    """The lines of a table of one job; the first program is the one that others are compared with."""
    own = next(iter(runs.values()))
    lines = [f"## {title}", "", "| program | wall s | CPU s | of churnctl's | memory MB |", "|---|--:|--:|--:|--:|"]
    for name, all_runs in runs.items():
        median = lambda what: statistics.median(what(one) for one in all_runs)  # noqa: E731
        ratio = statistics.median(one.cpu / beside.cpu for one, beside in zip(all_runs, own))
        lines.append(f"| {name} | {median(lambda r: r.wall):.2f} | {median(lambda r: r.cpu):.2f} "
                     f"| {ratio:.1f}x | {median(lambda r: r.memory):.0f} |")
    return [*lines, "", *([note, ""] if note else [])]


def columns(rng, rows, moved):
    """Fourteen numbers of several laws and six categories; `moved` shifts some of them."""
    data = {}
    for at in range(14):
        draw = rng.normal(0, 1, rows) + (0.2 * moved if at % 4 == 0 else 0)
        number = [draw, np.exp(draw / 2), np.round(draw * 3 + 10), draw * 20 + 50][at % 4]
        data[f"n{at:02}"] = np.round(number, 4)
    for at, levels in enumerate([2, 3, 4, 8, 25, 60]):
        data[f"c{at}"] = np.char.add("level_", rng.integers(0, levels, rows).astype(str))
    frame = pd.DataFrame(data)
    frame.loc[rng.random(rows) < 0.05, "n03"] = np.nan
    return frame


def labelled(frame, rng, lines):
    """A label of a linear law, or of one with steps and products."""
    z = -1.2 + 0.8 * frame["n00"] - 0.5 * np.log(frame["n01"]) + 0.4 * (frame["c2"] == "level_1")
    if not lines:
        z = z + 0.9 * frame["n04"] * frame["n08"] + 0.8 * (frame["n02"] > 12) - 0.7 * (frame["c3"] == "level_2") * frame["n12"]
    return frame.assign(churn=(rng.random(len(frame)) < 1 / (1 + np.exp(-z))).astype(int))


def drift(churnctl, python, folder, args):
    rng = np.random.default_rng(20_261_130)
    for name, moved in (("baseline", 0), ("current", 1)):
        frame = columns(rng, args.rows, moved)
        frame.to_csv(folder / f"{name}.csv", index=False)
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    size = sum((folder / f"{name}.csv").stat().st_size for name in ("baseline", "current")) / 1e6
    run([churnctl, "profile", "baseline.csv", "-o", "profile.json", "-q"], folder)
    own = lambda base, end: [churnctl, "drift", base, f"current.{end}", "--report", "none", "-q"]  # noqa: E731
    csv = ["baseline.csv", "current.csv"]
    runs = by_turns({
        "churnctl": own("baseline.csv", "csv"),
        "churnctl, baseline as a profile": own("profile.json", "csv"),
        "polars, PSI by hand": [python, "-c", POLARS_PSI, *csv],
        "pandas, PSI by hand": [python, "-c", PANDAS_PSI, *csv],
        "Evidently": [python, "-c", EVIDENTLY, *csv],
        "NannyML": [python, "-c", NANNYML_DRIFT, *csv],
    }, folder, args.rounds)
    text = f"{args.rows:,} rows a side, 20 columns, {size:.0f} MB of CSV together. churnctl and the two libraries judge by several " \
        "statistics, polars and pandas compute PSI alone."
    own_cpu = statistics.median(one.cpu for one in runs["churnctl"])
    lines = table("Drift of two CSV files", runs, f"{text} churnctl reads and counts {size / own_cpu:.0f} MB a CPU second.")
    runs = by_turns({
        "churnctl": own("baseline.parquet", "parquet"),
        "polars, PSI by hand": [python, "-c", POLARS_PSI, "baseline.parquet", "current.parquet"],
    }, folder, args.rounds)
    return lines + table("Drift of two Parquet files", runs, "The same tables.")


def estimated(churnctl, python, folder, args):
    rng = np.random.default_rng(20_261_130)
    for name in ("reference", "scored"):
        score = rng.beta(1.2, 3.0, size=args.rows // 10).round(4)
        frame = pd.DataFrame({"score": score, "label": (rng.random(len(score)) < score**1.3).astype(int)})
        frame["class"] = (score >= 0.5).astype(int)
        frame.drop(columns=["label"] if name == "scored" else []).to_csv(folder / f"{name}.csv", index=False)
    sides = ["reference.csv", "scored.csv"]
    runs = by_turns({
        "churnctl": [churnctl, "drift", *sides, "--label", "label", "--score", "score", "--report", "none", "-q"],
        "NannyML": [python, "-c", NANNYML_CBPE, *sides],
    }, folder, args.rounds)
    return table("Performance without labels (CBPE)", runs, f"{args.rows // 10:,} rows a side; most of NannyML's time goes into loading it.")


def score(churnctl, python, folder, args):
    import lightgbm as lgb

    rng = np.random.default_rng(3)
    train = labelled(columns(rng, 50_000, 0), rng, lines=False)
    train.to_csv(folder / "train.csv", index=False)
    x = train.drop(columns="churn")
    for name in x.select_dtypes(exclude="number"):
        x[name] = x[name].astype("category")
    booster = lgb.LGBMClassifier(n_estimators=200, verbose=-1, random_state=1).fit(x, train["churn"]).booster_
    booster.save_model(folder / "model.txt")
    x.head(2_000).to_csv(folder / "rows.csv", index=False)
    pd.DataFrame({"score": booster.predict(x.head(2_000))}).to_csv(folder / "scores.csv", index=False, float_format="%.17g")
    run([churnctl, "model", "import", "model.txt", "--schema", "train.csv", "--label", "churn", "--parity", "rows.csv",
         "--expect", "scores.csv", "-o", "model.json", "-q"], folder)
    runs = by_turns({
        "churnctl": [churnctl, "score", "current.csv", "--model", "model.json", "-o", "own_scores.csv", "-q"],
        "LightGBM and pandas": [python, "-c", LIGHTGBM_SCORE, "model.txt", "current.csv"],
    }, folder, args.rounds)
    kinds = {name: list(x[name].cat.categories) for name in x.select_dtypes("category")}
    (folder / "kinds.json").write_text(json.dumps(kinds))
    (folder / "record.json").write_text(json.dumps({"user_id": "u1", "features": json.loads(train.drop(columns="churn").iloc[0].to_json())}))
    return table("Scores of a table", runs, f"A LightGBM model of 200 trees, {args.rows:,} rows of CSV in, scores as CSV out.")


def serve(churnctl, python, folder, args):
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed (apt-get install wrk)")
    (folder / "load.lua").write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = io.open("record.json"):read("*a")\n')
    ticks = os.sysconf("SC_CLK_TCK")

    def cpu(pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    def memory(pid):
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024

    port = 20_000 + os.getpid() % 20_000
    own = subprocess.Popen([churnctl, "serve", "--listen", "127.0.0.1:0", "--model", "model.json"], cwd=folder,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    servers = {"churnctl serve": (own, own.stdout.readline().split()[-1])}
    other = subprocess.Popen([python, "-c", FASTAPI, "model.txt", "kinds.json", str(port)], cwd=folder)
    servers["FastAPI, uvicorn, LightGBM"] = (other, f"http://127.0.0.1:{port}")
    found = {name: [] for name in servers}
    try:
        time.sleep(8)
        idle = {name: memory(server.pid) for name, (server, _) in servers.items()}
        for _ in range(args.rounds):
            for name, (server, url) in servers.items():
                before = cpu(server.pid)
                out = subprocess.run(["wrk", "-t1", "-c4", "-d5s", "--latency", "-s", "load.lua", f"{url}/predict"], cwd=folder,
                                     capture_output=True, text=True, check=True).stdout
                if "Non-2xx" in out:
                    sys.exit(f"{name} refuses: {out}")
                requests = int(re.search(r"(\d+) requests in", out)[1])
                found[name].append(((cpu(server.pid) - before) * 1e3 / requests, re.search(r"99%\s+(\S+)", out)[1]))
    finally:
        for server, _ in servers.values():
            server.terminate()
            server.wait()
    lines = ["## Predictions over HTTP", "", "| server | CPU ms a request | of churnctl's | p99 of the last round | idle MB |", "|---|--:|--:|--:|--:|"]
    own = found["churnctl serve"]
    for name, rounds in found.items():
        ratio = statistics.median(one[0] / beside[0] for one, beside in zip(rounds, own))
        lines.append(f"| {name} | {statistics.median(one[0] for one in rounds):.3f} | {ratio:.0f}x | {rounds[-1][1]} | {idle[name]:.0f} |")
    return [*lines, "", "The LightGBM model of 200 trees, one record of 20 features a request, four connections of wrk on the same cores; LightGBM predicts with its default of threads.", ""]


def learn(churnctl, python, folder, args):
    rng = np.random.default_rng(5)
    telco = pd.concat([pd.read_csv(ROOT / f"tests/data/telco_{part}.csv.gz") for part in ("train", "valid")])
    sets = {"Telco": (telco, pd.read_csv(ROOT / "tests/data/telco_test.csv.gz"))}
    for name, lines in (("generated, linear", True), ("generated, steps and products", False)):
        both = labelled(columns(rng, 24_000, 0), rng, lines)
        sets[name] = (both.iloc[:20_000], both.iloc[20_000:])
    lines = ["## Learning", "", "| data | program | log loss | ROC AUC | standard error of the log loss | CPU s |", "|---|---|--:|--:|--:|--:|"]
    for name, (train, test) in sets.items():
        train.to_csv(folder / "learn.csv", index=False)
        test.to_csv(folder / "held_out.csv", index=False)
        truth = test["churn"].astype(str).isin(["1", "Yes"]).to_numpy()
        own = run([churnctl, "train", "learn.csv", "--label", "churn", "--artifacts", "learned", "-q"], folder)
        model = "learned/models/production_latest.json"
        run([churnctl, "score", "held_out.csv", "--model", model, "-o", "held_out_scores.csv", "-q"], folder)
        scores = pd.read_csv(folder / "held_out_scores.csv")["churn_risk"].clip(1e-12, 1 - 1e-12).to_numpy()
        losses = -np.log(np.where(truth, scores, 1 - scores))
        error = losses.std(ddof=1) / len(losses) ** 0.5
        ranks = pd.Series(scores).rank()
        auc = (ranks[truth].sum() - truth.sum() * (truth.sum() + 1) / 2) / (truth.sum() * (~truth).sum())
        lines.append(f"| {name} | churnctl | {losses.mean():.4f} | {auc:.4f} | {error:.4f} | {own.cpu:.1f} |")
        for peer in ("LightGBM", "CatBoost", "scikit-learn, logistic"):
            other = run([python, "-c", LEARNERS, peer, "learn.csv", "held_out.csv"], folder)
            found = json.loads(other.out.splitlines()[-1])
            lines.append(f"| {name} | {peer} | {found['log_loss']:.4f} | {found['roc_auc']:.4f} | | {other.cpu:.1f} |")
        shutil.rmtree(folder / "learned")
    return [*lines, "", "The same training and test rows for all. churnctl is `train` as it stands, with its splits, calibration, threshold, importance and "
            "report; the others fit alone, with early stopping on a sixth of the training rows.", ""]


def footprint(churnctl, python, folder, args):
    starts = sorted(run([churnctl, "--version"], folder).wall * 1e3 for _ in range(20))
    size = Path(churnctl).stat().st_size / 1e6
    return ["## Footprint", "", f"`churnctl --version` ends after {starts[10]:.1f} ms (median of 20, as a process). The program measured here has {size:.1f} MB.", ""]


JOBS = {"drift": drift, "estimated": estimated, "score": score, "serve": serve, "learn": learn, "footprint": footprint}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--churnctl", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=JOBS, default=list(JOBS), help="serve and score need drift's tables")
    parser.add_argument("--out", default="-", help="the page; - for standard output")
    args = parser.parse_args()
    churnctl = str(Path(args.churnctl).resolve())
    peers = ("polars", "pandas", "evidently", "nannyml", "lightgbm", "catboost", "scikit-learn", "fastapi", "uvicorn")
    own = subprocess.run([churnctl, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    lines = [
        "# Benchmarks", "",
        "Written by `benches/run.sh`, all in one run; ratios say more than seconds, which are those of one machine and its other work.", "",
        f"{own}, Python {platform.python_version()}, {', '.join(f'{peer} {version(peer)}' for peer in peers)}. "
        f"{os.cpu_count()} cores of {processor[1].strip() if processor else platform.machine()}, load {os.getloadavg()[0]:.1f} at the start.", "",
        "Each program is a process of its own, measured from its start to its end with what it loads. Programs take turns; figures are medians of "
        f"{args.rounds} rounds, ratios are of CPU time within a round. Evidently and NannyML run once.", "",
    ]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for name in args.only:
            print(name, file=sys.stderr)
            lines += JOBS[name](churnctl, sys.executable, Path(folder), args)
    text = "\n".join(lines).rstrip() + "\n"
    if args.out == "-":
        print(text, end="")
    else:
        Path(args.out).write_text(text)


if __name__ == "__main__":
    main()
