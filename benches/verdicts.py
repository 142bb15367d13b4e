#!/usr/bin/env python3
"""How often a check sees a change (power), and how often it alarms where nothing changed.

Both tables come from samples drawn here, seeded: every tool gets the same rows. A check has 20
features. The power table holds one feature a change, twenty in all, beside three tools: PSI as the
Python system computes it, Evidently's default data drift, NannyML's default univariate drift. The
false-alarm table holds twenty features of one law and tells of churnctl alone, by check.

    python3 -m venv venv && venv/bin/pip install -r benches/verdicts.txt
    venv/bin/python benches/verdicts.py --churnctl target/release/churnctl

Prints Markdown; `--write docs/statistics.md` puts each table between its markers in that file.
Without the two tools (or with --alone) their columns are left out. Asserts nothing. Ten
repetitions and a hundred checks take about five minutes on one core; time grows with both.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

# Neither tool shall send usage data from a simulation.
os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")

FEATURES = 20
POWER_ROWS = [2_000, 20_000]
NULL_ROWS = [30, 100, 500, 2_000, 20_000]
SEED = 20_261_129

# --- Samples -----------------------------------------------------------------------------------


def normal(rng, rows):
    return rng.normal(50.0, 10.0, rows)


def amounts(rng, rows):
    return np.round(rng.lognormal(4.0, 0.8, rows), 2)


def flag(rng, rows, share=0.1):
    return (rng.random(rows) < share).astype(np.int64)


def plans(rng, rows):
    return rng.choice(["basic", "family", "premium", "trial"], rows, p=[0.5, 0.3, 0.15, 0.05])


def replaced(values, rng, share, new):
    """The values, a share of the rows replaced by what `new` makes of them."""
    chosen = rng.random(len(values)) < share
    changed = values.copy()
    changed[chosen] = new(changed[chosen])
    return changed


def scaled_top(values, factor):
    top = values >= np.quantile(values, 0.9)
    return np.where(top, values * factor, values)


def one_outlier(values, rng):
    values[rng.integers(len(values))] = 1e9
    return values


def swapped(values):
    swap = {"basic": "family", "family": "basic"}
    return np.array([swap.get(value, value) for value in values])


# Name of the change, law of the baseline, what becomes of fresh rows of that law.
CHANGES = [
    ("no change, numbers", normal, lambda x, rng: x),
    ("no change, amounts", amounts, lambda x, rng: x),
    ("no change, categories", plans, lambda x, rng: x),
    ("mean +0.1 sd", normal, lambda x, rng: x + 1.0),
    ("mean +0.2 sd", normal, lambda x, rng: x + 2.0),
    ("mean +0.3 sd", normal, lambda x, rng: x + 3.0),
    ("mean +0.5 sd", normal, lambda x, rng: x + 5.0),
    ("sd x 1.25", normal, lambda x, rng: 50.0 + (x - 50.0) * 1.25),
    ("10 % of rows +2 sd (mixture)", normal, lambda x, rng: replaced(x, rng, 0.1, lambda v: v + 20.0)),
    ("5 % sentinel -999", normal, lambda x, rng: replaced(x, rng, 0.05, lambda v: -999.0)),
    ("top decile x 10", amounts, lambda x, rng: scaled_top(x, 10.0)),
    ("10 % in other units (x 100)", amounts, lambda x, rng: replaced(x, rng, 0.1, lambda v: v * 100.0)),
    ("5 % at one value inside the range", normal, lambda x, rng: replaced(x, rng, 0.05, lambda v: 47.0)),
    ("one value of 1e9", amounts, one_outlier),
    ("flag 10 -> 20 %", flag, lambda x, rng: flag(rng, len(x), 0.2)),
    ("two plans swapped in 30 % of rows", plans, lambda x, rng: replaced(x, rng, 0.3, swapped)),
    ("missing 0 -> 5 %", normal, lambda x, rng: replaced(x, rng, 0.05, lambda v: np.nan)),
]


def zipf(categories, exponent):
    weights = np.arange(1, categories + 1) ** -exponent
    names = np.array([f"c{number:05}" for number in range(categories)])
    cumulated = np.cumsum(weights / weights.sum())

    def draw(rng, rows):
        return names[np.minimum(np.searchsorted(cumulated, rng.random(rows)), categories - 1)]

    return draw


def with_missing(law, share):
    return lambda rng, rows: replaced(law(rng, rows), rng, share, lambda v: np.nan)


NULL_LAWS = [
    ("normal", normal),
    ("lognormal", lambda rng, rows: rng.lognormal(0.0, 1.0, rows)),
    ("whole numbers 1 to 500", lambda rng, rows: rng.integers(1, 501, rows)),
    ("zero-inflated (70 % zeros)", lambda rng, rows: np.where(rng.random(rows) < 0.7, 0.0, rng.lognormal(2.0, 1.0, rows))),
    ("heavy tail (t, 2 degrees)", lambda rng, rows: rng.standard_t(2, rows)),
    ("Cauchy", lambda rng, rows: rng.standard_cauchy(rows)),
    ("rounded to tens (ties)", lambda rng, rows: np.round(rng.normal(50.0, 10.0, rows), -1)),
    ("counts (Poisson 2)", lambda rng, rows: rng.poisson(2.0, rows)),
    ("flag 1 %", lambda rng, rows: flag(rng, rows, 0.01)),
    ("flag 5 %", lambda rng, rows: flag(rng, rows, 0.05)),
    ("flag 50 %", lambda rng, rows: flag(rng, rows, 0.5)),
    ("5 categories", zipf(5, 0.0)),
    ("50 categories", zipf(50, 0.0)),
    ("50 categories, zipf 1", zipf(50, 1.0)),
    ("1,000 categories", zipf(1_000, 0.0)),
    ("1,000 categories, zipf 1", zipf(1_000, 1.0)),
    ("10,000 categories, zipf .8", zipf(10_000, 0.8)),
    ("normal, 5 % missing", with_missing(normal, 0.05)),
]

# --- Tools -------------------------------------------------------------------------------------


class Churnctl:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def report(self, baseline, current):
        """The drift report of a check with the default settings."""
        files = []
        for side, frame in [("baseline", baseline), ("current", current)]:
            files.append(str(self.folder / f"{side}.parquet"))
            frame.to_parquet(files[-1], compression=None)
        report = self.folder / "report.json"
        command = [self.binary, "drift", "--baseline", files[0], "--current", files[1], "--report", str(report), "-q"]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        if ended.returncode not in (0, 2):
            sys.exit(f"{' '.join(command)}\nended with {ended.returncode}\n{ended.stderr}")
        return json.loads(report.read_text())

    def by_feature(self, baseline, current):
        found = {name: "left out" for name in baseline}
        found.update((one["feature"], one["status"]) for one in self.report(baseline, current)["features"])
        return found


def python_psi(baseline, current):
    """PSI of the Python system: deciles of the baseline, repeated edges merged, what lies beyond
    the outer ones dropped, shares of at least a millionth. It cannot read text."""
    edges = np.unique(np.quantile(baseline[~np.isnan(baseline)], np.linspace(0.0, 1.0, 11)))
    if len(edges) < 3:
        return 0.0
    shares = []
    for side in (baseline, current):
        counts, _ = np.histogram(side[~np.isnan(side)], edges)
        shares.append(np.maximum(counts / max(counts.sum(), 1), 1e-6))
    p, q = shares
    return float(np.sum((q - p) * np.log(q / p)))


def python_system(baseline, current):
    found = {}
    for name in baseline:
        if not pd.api.types.is_numeric_dtype(baseline[name]):
            found[name] = "cannot"
            continue
        psi = python_psi(baseline[name].to_numpy(float), current[name].to_numpy(float))
        found[name] = "FAIL" if psi >= 0.25 else "WARN" if psi >= 0.1 else "OK"
    return found


def evidently(baseline, current):
    """The verdict by column of the preset for data drift, with its defaults."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    metrics = Report([DataDriftPreset()]).run(current, baseline).dict()["metrics"]
    found = {}
    for metric in metrics:
        config = metric["config"]
        if "column" in config:
            value, threshold = metric["value"], config["threshold"]
            # A p-value alarms below its threshold, a distance at or above it.
            alarms = value < threshold if "p_value" in config["method"] else value >= threshold
            found[config["column"]] = "FAIL" if alarms else "OK"
    return found


def nannyml(baseline, current):
    """Alerts of the univariate drift calculator with its defaults: Jensen-Shannon distance, ten
    chunks, three standard deviations above the mean of the baseline's chunks."""
    from nannyml import UnivariateDriftCalculator

    calculator = UnivariateDriftCalculator(column_names=list(baseline)).fit(baseline)
    chunks = calculator.calculate(current).filter(period="analysis").to_df()
    alerts = {name: 0 for name in baseline}
    for column in chunks:
        if column[2] == "alert":
            alerts[column[0]] += int(chunks[column].sum())
    return alerts


# --- Tables ------------------------------------------------------------------------------------


def percent(share):
    return f"{100 * share:.0f}"


def power_table(churnctl, repetitions, seed, peers):
    """Shares of repetitions in which each tool flags each change."""
    names = [name for name, _, _ in CHANGES]
    fill = [f"unchanged {number}" for number in range(FEATURES - len(names))]
    head = ["change", "rows", "churnctl WARN or FAIL", "churnctl FAIL", "Python PSI WARN or FAIL", "Python PSI FAIL"]
    head += ["Evidently", "NannyML, a chunk of 10", "NannyML, most chunks"] if peers else []
    found = {}
    for rows in POWER_ROWS:
        for repetition in range(repetitions):
            rng = np.random.default_rng([seed, rows, repetition])
            baseline, current = {}, {}
            for name, law, change in CHANGES:
                baseline[name] = law(rng, rows)
                current[name] = change(law(rng, rows), rng)
            for name in fill:
                baseline[name], current[name] = normal(rng, rows), normal(rng, rows)
            baseline, current = pd.DataFrame(baseline), pd.DataFrame(current)
            verdicts = [churnctl.by_feature(baseline, current), python_system(baseline, current)]
            verdicts += [evidently(baseline, current), nannyml(baseline, current)] if peers else []
            for name in names:
                found.setdefault((name, rows), []).append([one.get(name) for one in verdicts])
            print(f"power: {rows} rows, repetition {repetition + 1} of {repetitions}", file=sys.stderr)
    lines = [head]
    for name in names:
        for rows in POWER_ROWS:
            lines.append([name, f"{rows:,}", *flagged(found[name, rows], peers)])
    return markdown(lines)


def flagged(verdicts, peers):
    """One row of the power table: percent of the repetitions."""
    columns = list(zip(*verdicts))
    share = lambda column, of: percent(sum(one in of for one in column) / len(column))
    row = []
    for column in columns[:2]:
        known = "cannot" not in column
        row += [share(column, ("WARN", "FAIL")), share(column, ("FAIL",))] if known else ["no text", "no text"]
    if peers:
        row.append(share(columns[2], ("FAIL",)))
        alerts = columns[3]
        row += [percent(sum(least <= one for one in alerts) / len(alerts)) for least in (1, 6)]
    return row


def null_table(churnctl, checks, seed, laws):
    """Checks of twenty features of one law that end otherwise than OK."""
    head = ["law", *[f"{rows:,} rows" for rows in NULL_ROWS]]
    lines, causes = [head], {}
    for law_number, (name, law) in enumerate(NULL_LAWS):
        if laws and name not in laws:
            continue
        cells = [name]
        for rows in NULL_ROWS:
            # Fewer where a check takes long, never fewer than a twentieth.
            repetitions = max(checks // 20, min(checks, checks * 2_000 // rows), 1)
            counted = {}
            for repetition in range(repetitions):
                rng = np.random.default_rng([seed, law_number, rows, repetition])
                sides = [pd.DataFrame({f"f{number}": law(rng, rows) for number in range(FEATURES)}) for _ in range(2)]
                report = churnctl.report(*sides)
                counted[report["status"]] = counted.get(report["status"], 0) + 1
                for cause in causes_of(report):
                    causes.setdefault((name, rows, cause), set()).add(repetition)
            cells.append(" / ".join(f"{counted.get(status, 0)}" for status in ("FAIL", "WARN")) + f" of {repetitions:,}")
            print(f"null: {name}, {rows} rows: {counted}", file=sys.stderr)
        lines.append(cells)
    for (name, rows, cause), repetitions in sorted(causes.items()):
        print(f"cause: {name}, {rows} rows: {cause} in {len(repetitions)} checks", file=sys.stderr)
    return markdown(lines)


def causes_of(report):
    """What made a check end otherwise than OK, in few words."""
    for finding in report["findings"]:
        if finding["status"] != "OK":
            yield f"{finding['status']} {finding['kind']}"
    for feature in report["features"]:
        if feature["status"] != "OK":
            for reason in feature["reasons"]:
                words = "".join("#" if letter.isdigit() else letter for letter in reason)
                yield f"{feature['status']} {words[:60]}"


def markdown(lines):
    rows = ["| " + " | ".join(cells) + " |" for cells in lines]
    rows.insert(1, "|" + "---|" * len(lines[0]))
    return "\n".join(rows)


def put(path, marker, text):
    """Replaces what stands between the markers of a file."""
    begin, end = f"<!-- {marker} begin -->", f"<!-- {marker} end -->"
    content = pathlib.Path(path).read_text()
    before, found, rest = content.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        sys.exit(f"{path} lacks the markers {begin} and {end}")
    pathlib.Path(path).write_text(f"{before}{begin}\n{text}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churnctl", default="target/release/churnctl", help="the binary (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=40, help="of the power table (%(default)s)")
    parser.add_argument("--checks", type=int, default=1000, help="of each cell of the false-alarm table (%(default)s); fewer from 2,000 rows")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--alone", action="store_true", help="without Evidently and NannyML")
    parser.add_argument("--table", choices=["power", "null"], help="only one of the two")
    parser.add_argument("--laws", nargs="*", help="only these laws of the false-alarm table")
    parser.add_argument("--write", metavar="FILE", help="put the tables between the markers of this file")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    versions = [f"numpy {np.__version__}", f"pandas {pd.__version__}"]
    peers = not arguments.alone
    if peers:
        try:
            import evidently as first
            import nannyml as second

            versions += [f"Evidently {first.__version__}", f"NannyML {second.__version__}"]
        except ImportError as missing:
            print(f"without Evidently and NannyML: {missing}", file=sys.stderr)
            peers = False
    with tempfile.TemporaryDirectory() as folder:
        churnctl = Churnctl(str(pathlib.Path(arguments.churnctl).resolve()), folder)
        by = f"{churnctl.version()}, seed {arguments.seed}, {', '.join(versions)}"
        tables = {}
        if arguments.table != "null":
            table = power_table(churnctl, arguments.repetitions, arguments.seed, peers)
            tables["power"] = f"{table}\n\nPercent of {arguments.repetitions} repetitions. {by}."
        if arguments.table != "power":
            table = null_table(churnctl, arguments.checks, arguments.seed, arguments.laws)
            tables["false alarms"] = f"{table}\n\nChecks that end as FAIL / WARN. {by}."
    for marker, text in tables.items():
        print(f"\n{text}")
        if arguments.write:
            put(arguments.write, marker, text)


if __name__ == "__main__":
    main()
