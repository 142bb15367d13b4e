#!/usr/bin/env python3
"""How often drift of several columns together is seen: churnctl's domain classifier and pair correlations beside NannyML's
domain classifier and PCA reconstruction error, on the same rows.

Six number columns, 2,000 rows of each side, four kinds of shift at graded sizes:

    mean         every column moves by so many standard deviations
    correlation  the rank correlation of two columns goes from .8 down by so much; every column keeps its law
    mixture      this share of the rows comes from elsewhere: all columns 1.5 standard deviations higher
    pocket       in the twelfth of the rows where two columns are both large, a third one moves by so many standard deviations

Every statistic is held against the .95 quantile of its own values on the same pairs of sides where nothing changed (`--null`),
so that all have the false alarms of that level; `p < .05` is the p-value that churnctl reports, without any calibration. NannyML
is given the baseline as reference and the current rows as one chunk; its own limits, three standard deviations of reference chunks,
need a reference of many chunks and are not used. Asserts nothing.

    python3 -m venv venv && venv/bin/pip install -r benches/verdicts.txt
    venv/bin/python benches/multivariate.py --churnctl target/release/churnctl
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

# One thread each: figures are of power, and threads of LightGBM wait for each other where cores are few.
os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1", OMP_NUM_THREADS="1")
warnings.simplefilter("ignore")
import nannyml as nml  # noqa: E402

ROWS, COLUMNS = 2_000, 6
NAMES = [f"x{at + 1}" for at in range(COLUMNS)]
SHIFTS = {
    "mean": [0.03, 0.06, 0.1],
    "correlation": [0.1, 0.3, 0.8],
    "mixture": [0.02, 0.05, 0.1],
    "pocket": [0.75, 1.5, 3.0],
}
METHODS = ["churnctl classifier", "  its p < .05", "churnctl correlations", "NannyML classifier", "NannyML PCA"]


def rows(rng, correlation=0.8):
    """Normal columns: the first two hang together, so do the next two by .3, the last two are on their own."""
    table = rng.standard_normal((ROWS, COLUMNS))
    for first, rho in [(0, correlation), (2, 0.3)]:
        table[:, first + 1] = rho * table[:, first] + np.sqrt(1 - rho**2) * table[:, first + 1]
    return table


def shifted(rng, kind, size):
    if kind == "correlation":
        return rows(rng, 0.8 - size)
    table = rows(rng)
    if kind == "mean":
        table += size
    elif kind == "mixture":
        table[rng.random(ROWS) < size] += 1.5
    elif kind == "pocket":
        # .082 of the rows: P(x3 > .74 and x4 > .74) with a correlation of .3.
        pocket = (table[:, 2] > 0.74) & (table[:, 3] > 0.74)
        table[pocket, 4] += size
    return table


def of_churnctl(binary, folder, sides):
    paths = [os.path.join(folder, name) for name in ("baseline.csv", "current.csv")]
    for path, side in zip(paths, sides):
        side.to_csv(path, index=False, float_format="%.6g")
    command = [binary, "drift", "--baseline", paths[0], "--current", paths[1], "--multivariate", "all"]
    quiet = ["--report", "none", "--format", "json", "-q", "--fail-on", "never", "--threads", "1"]
    run = subprocess.run([*command, *quiet], capture_output=True, check=True)
    found = json.loads(run.stdout)["multivariate"]
    pairs = found["correlations"]["largest"]
    smallest = min(pair["adjusted_p_value"] for pair in pairs)
    classifier = found["classifier"]
    return classifier["roc_auc"], classifier["p_value"], -smallest


def of_nannyml(reference, current):
    quiet = {"verbosity": -1, "n_jobs": 1}
    classifier = nml.DomainClassifierCalculator(feature_column_names=NAMES, chunk_size=ROWS, hyperparameters=quiet)
    found = classifier.fit(reference).calculate(current).filter(period="analysis").to_df()
    auc = float(found[("domain_classifier_auroc", "value")].iloc[0])
    pca = nml.DataReconstructionDriftCalculator(column_names=NAMES, chunk_size=ROWS)
    found = pca.fit(reference).calculate(current).to_df()
    errors = found[("reconstruction_error", "value")].to_numpy(dtype=float)
    # Its limits are on both sides of the reference's error.
    return auc, abs(errors[-1] - errors[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--churnctl", required=True)
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--null", type=int, default=100)
    parser.add_argument("--out", help="every figure, a line of JSON each; those that are there already are not made again")
    arguments = parser.parse_args()
    cells = [("null", 0.0, arguments.null)]
    cells += [(kind, size, arguments.repetitions) for kind, sizes in SHIFTS.items() for size in sizes]
    done = {}
    if arguments.out and os.path.exists(arguments.out):
        with open(arguments.out) as lines:
            done = {tuple(key): figures for key, figures in map(json.loads, lines)}
    seconds = np.zeros(2)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for cell, (kind, size, repetitions) in enumerate(cells):
            found = []
            for at in range(repetitions):
                if (kind, size, at) not in done:
                    # A pair of its own, whichever were made before.
                    rng = np.random.default_rng([20_261_130, cell, at])
                    sides = [pd.DataFrame(table, columns=NAMES) for table in (rows(rng), shifted(rng, kind, size))]
                    start = time.perf_counter()
                    auc, p_value, correlations = of_churnctl(arguments.churnctl, folder, sides)
                    middle = time.perf_counter()
                    theirs = of_nannyml(*sides)
                    seconds += [middle - start, time.perf_counter() - middle]
                    done[kind, size, at] = [auc, p_value, correlations, *theirs]
                    if arguments.out:
                        with open(arguments.out, "a") as lines:
                            print(json.dumps([[kind, size, at], done[kind, size, at]]), file=lines)
                found.append(done[kind, size, at])
            figures[kind, size] = np.array(found)
    null = figures.pop(("null", 0.0))
    limits = np.quantile(null[:, [0, 2, 3, 4]], 0.95, axis=0)
    print(f"{len(null)} null pairs; p < .05 in {np.mean(null[:, 1] < 0.05):.2f} of them", flush=True)
    print(f"{'shift':22}" + "".join(f"{name:>24}" for name in METHODS))
    for (kind, size), found in figures.items():
        above = np.mean(found[:, [0, 2, 3, 4]] > limits, axis=0)
        own = np.mean(found[:, 1] < 0.05)
        shares = [above[0], own, *above[1:]]
        print(f"{kind + ' ' + str(size):22}" + "".join(f"{share:24.2f}" for share in shares), flush=True)
    if seconds.all():
        print(f"seconds in all: churnctl {seconds[0]:.0f}, NannyML {seconds[1]:.0f}")


if __name__ == "__main__":
    main()
