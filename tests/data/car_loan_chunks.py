#!/usr/bin/env python3
"""Makes `car_loan_chunks.json`: what NannyML says of each month of the car loans, column by column.

    pip install nannyml==0.13.1
    NML_DISABLE_USAGE_LOGGING=1 python3 car_loan_chunks.py

KS and Wasserstein are asked for exactly: by default NannyML estimates both where the reference has 10,000
rows or more.
"""

import json
from importlib.metadata import version
from pathlib import Path

import nannyml as nml
import pandas as pd

HERE = Path(__file__).parent
NUMBERS = ["car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"]
CATEGORIES = ["repaid_loan_on_prev_car", "salary_range", "size_of_downpayment"]


def main():
    reference = pd.read_csv(HERE / "car_loan_reference.csv.gz")
    analysis = pd.read_csv(HERE / "car_loan_analysis.csv.gz")
    exact = {"calculation_method": "exact"}
    calculator = nml.UnivariateDriftCalculator(
        column_names=NUMBERS + CATEGORIES,
        treat_as_categorical=CATEGORIES,
        timestamp_column_name="timestamp",
        continuous_methods=["kolmogorov_smirnov", "wasserstein", "jensen_shannon", "hellinger"],
        categorical_methods=["l_infinity", "jensen_shannon", "hellinger"],
        chunk_period="M",
        # Version 0.13.1 looks for the method's name here, but takes the settings from beside it.
        computation_params={"kolmogorov_smirnov": exact, "wasserstein": exact, **exact},
    )
    calculator.fit(reference)
    found = calculator.calculate(analysis).filter(period="analysis").to_df(multilevel=True)
    chunks = {}
    for _, row in found.iterrows():
        key, columns = row[("chunk", "chunk", "key")], {}
        for column in NUMBERS + CATEGORIES:
            methods = found[column].columns.get_level_values(0).unique()
            columns[column] = {method: float(row[(column, method, "value")]) for method in methods}
        chunks[key] = columns
    deviations = {column: float(reference[column].std(ddof=0)) for column in NUMBERS}
    document = {
        "made_by": f"nannyml {version('nannyml')}, scipy {version('scipy')}, pandas {pd.__version__}",
        "standard_deviations_of_reference": deviations,
        "chunks": chunks,
    }
    (HERE / "car_loan_chunks.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
