"""Writes one table in the forms that pandas, pyarrow and polars give it.

python3 make.py (Python 3.11 or later; pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0). The forms are
committed, so that the tests need no Python. Every cell is the same value in all of them.
"""

import datetime
import decimal
import random

import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

ROWS = 600
random.seed(16)
FIRST = 716277643516076033
CODES = [FIRST + i for i in range(4)]
U64 = [18446744073709551615 - i for i in range(3)]
RATES = [0.05, 0.1, 0.15, 0.35, 0.7]
MOMENTS = [
    datetime.datetime(2026, 1, 31, 3, 0),
    datetime.datetime(2026, 1, 31),
    datetime.datetime(1999, 12, 31, 23, 59, 59, 250000),
]
DAYS = [datetime.date(2026, 1, 31), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]


def some(values, missing=0.0):
    return [None if random.random() < missing else random.choice(values) for _ in range(ROWS)]


active, flag, region = some([True, False]), some([True, False], 0.1), some([1, 2, 3, 4], 0.1)
code, big, rate = some(CODES), some(U64), some(RATES)
amount, moment, day = some([1.25, 3.5, 1e7, 12.0]), some(MOMENTS), some(DAYS)
price = [decimal.Decimal(random.choice(["12.30", "7.05", "100.00"])) for _ in range(ROWS)]
plan, tenure = some(["a", "b", "No"]), [random.randint(0, 72) for _ in range(ROWS)]
effect = {0: 1.4, 1: -1.2, 2: 0.3, 3: -0.5}
churn = []
for i in range(ROWS):
    z = 1.0 - 0.04 * tenure[i] + (1.5 if active[i] else -0.5) + effect[code[i] - FIRST]
    z += 2 * rate[i] + (0.8 if flag[i] else 0) + 0.3 * (region[i] or 0) - (moment[i].year == 1999)
    churn.append(random.random() < 1 / (1 + numpy.exp(1.0 - z)))

frame = pandas.DataFrame(
    {
        "customer_id": [f"C{i:04d}" for i in range(ROWS)],
        "active": active,
        "flag": flag,
        "region": region,
        "code": numpy.array(code, dtype="int64"),
        "big": numpy.array(big, dtype="uint64"),
        "rate": numpy.array(rate, dtype="float32"),
        "amount": amount,
        "moment": pandas.to_datetime(moment).as_unit("us"),
        "zoned": pandas.to_datetime(moment).as_unit("us").tz_localize("UTC").tz_convert("Europe/Berlin"),
        "day": day,
        "price": price,
        "plan": plan,
        "tenure": tenure,
        "churn": churn,
    }
)
# The missing values have made floats of the whole numbers: 3 is 3.0 in this file.
frame.to_csv("pandas.csv", index=False)
frame.to_json("pandas.ndjson", orient="records", lines=True, date_format="iso", date_unit="us")

whole = frame.assign(
    flag=frame["flag"].astype("boolean"),
    region=pyarrow.array(region, pyarrow.int32()).to_pandas(integer_object_nulls=True),
)
schema = pyarrow.schema(
    [
        ("customer_id", pyarrow.string()),
        ("active", pyarrow.bool_()),
        ("flag", pyarrow.bool_()),
        ("region", pyarrow.int32()),
        ("code", pyarrow.int64()),
        ("big", pyarrow.uint64()),
        ("rate", pyarrow.float32()),
        ("amount", pyarrow.float64()),
        ("moment", pyarrow.timestamp("us")),
        ("zoned", pyarrow.timestamp("us", tz="UTC")),
        ("day", pyarrow.date32()),
        ("price", pyarrow.decimal128(10, 2)),
        ("plan", pyarrow.string()),
        ("tenure", pyarrow.int64()),
        ("churn", pyarrow.bool_()),
    ]
)
table = pyarrow.Table.from_pandas(whole, schema=schema, preserve_index=False)
pyarrow.parquet.write_table(table, "pyarrow.parquet")

# As Spark's old writers do it: moments in 96 bits; codes as decimals, whole numbers as doubles.
spark = table.cast(
    pyarrow.schema(
        field.with_type(
            {
                "code": pyarrow.decimal128(20, 0),
                "big": pyarrow.decimal128(38, 10),
                "region": pyarrow.float64(),
                "moment": pyarrow.timestamp("ns"),
                "zoned": pyarrow.timestamp("ns", tz="UTC"),
            }.get(field.name, field.type)
        )
        for field in schema
    )
)
pyarrow.parquet.write_table(spark, "spark.parquet", use_deprecated_int96_timestamps=True)

polars.from_arrow(table).write_csv("polars.csv")
