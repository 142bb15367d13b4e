//! Tables in: addresses, readers, values. What is counted of them is `profile/`'s affair.

mod address;
mod affix;
mod bytes;
mod calendar;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "spark"))]
mod cancel;
mod canonical;
mod column_reading;
mod column_tally;
mod columns;
mod computed;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "spark"))]
mod connecting;
mod connection;
mod copy;
mod database;
mod dates;
mod error;
mod field;
mod file_names;
mod formula;
mod group_key;
mod header;
mod identifier;
mod identifier_words;
mod job;
mod json;
mod label;
mod lines;
mod listener;
mod loose_numbers;
mod measures;
mod missing;
mod moment;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_socket;
#[cfg(feature = "mysql")]
mod mysql_wire;
mod nulls;
#[cfg(feature = "object-store")]
mod object_address;
mod object_folder;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "object-store")]
mod objects_http;
#[cfg(feature = "object-store")]
mod objects_open;
#[cfg(feature = "object-store")]
mod objects_proxy;
#[cfg(feature = "object-store")]
mod objects_read;
mod opened;
mod parallel;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_bytes;
#[cfg(feature = "parquet")]
mod parquet_column;
mod period;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_tls;
mod reading;
mod record;
mod row;
mod shard;
mod sink;
mod sizes;
mod source;
#[cfg(feature = "spark")]
mod spark;
#[cfg(feature = "spark")]
mod spark_arrow;
#[cfg(feature = "spark")]
mod spark_error;
#[cfg(feature = "spark")]
mod spark_protocol;
#[cfg(feature = "spark")]
mod spark_wire;
mod spelled;
mod sql;
mod sql_time;
mod streaming;
mod table;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "spark"))]
mod tls;
mod value;
mod zone;

pub use address::{Identity, Location, expand, expand_files, is_object, would_take};
pub use affix::Affix;
pub use bytes::all_bytes;
pub use canonical::{
    canonical, canonical_number, canonical_text, canonical_to_count, has_leading_zeros, is_boolean,
    is_same_number, is_written_grouped, truth, unambiguous_number, unambiguous_number_of_text,
};
pub use column_reading::{ColumnReading, Meaning};
pub use column_tally::ColumnTally;
pub use columns::{ColumnBatch, ColumnSink, ColumnTask, Texts, Values, write_number};
pub use computed::{Computed, Computing, RowComputer};
pub use copy::RowsCopy;
pub use database::InDatabase;
pub use dates::{date_number, date_numbers, is_date, named_like_a_time};
pub use error::{DataError, Uncountable};
pub use field::Field;
pub use formula::{as_text_cell, without_text_mark};
pub use job::ReadOptions;
pub use json::{has_lines_name, is_lines};
pub use label::{named_like_a_label, positive_label, same_label};
pub use lines::{CsvLines, Fields};
pub use listener::{Listener, Listening, RowListener};
pub use missing::{DoubtfulMark, MissingKind, doubtful_mark};
pub use moment::Moment;
pub use nulls::NullTexts;
pub use object_folder::{ObjectFolder, Put};
pub use period::{BadPeriod, Period};
pub use row::{Row, RowPlace};
pub use shard::{BadShard, Shard};
pub use sink::RowSink;
pub use sizes::{Sizes, is_told_by_size};
pub use source::{DataSet, Lines, Summary};
pub use spelled::{DecimalMark, MarkEvidence, Spelled, is_grouped, spelled};
pub use sql::{Cell, Dialect, Engine, SqlAddress, SqlColumn, SqlKind, is_database};
pub use sql_time::SqlTime;
pub use value::{LARGEST_EXACT, Value, classify, parse_field, parse_number};
pub use zone::{BadZone, Zone};

pub use group_key::{Form, GroupKey, Repeats, Spread};
pub use identifier::{
    Identified, identified, looks_measured, named_like_an_id, named_like_an_index,
    shaped_like_an_id,
};

/// Reads bytes as what a server of MySQL says after a login, and from its greeting on.
#[cfg(all(feature = "fuzzing", feature = "mysql"))]
pub use mysql_wire::read_any as read_any_mysql;

/// Reads bytes as each message of Spark Connect, and as its rows.
#[cfg(all(feature = "fuzzing", feature = "spark"))]
pub fn read_any_spark(bytes: &[u8]) {
    let _ = spark_protocol::session_at_server(bytes);
    let _ = spark_protocol::columns(bytes);
    let _ = spark_protocol::error_info(bytes);
    let rows = spark_protocol::arrow(bytes).ok().flatten();
    for stream in [bytes].into_iter().chain(rows) {
        let _ = spark_arrow::each_row(stream, &mut |_| {});
    }
}
