//! One column of a Parquet file: from its physical and logical type to numbers or texts.

use churn_base::panics::contained;
use half::f16;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::calendar::{write_date, write_moment, write_time, write_timestamp};
use super::columns::{ColumnBatch, Texts, Values};
use super::error::Uncountable;
use super::value::{Value, classify};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Numbers as they are stored.
    Number,
    /// Whole numbers without a sign.
    Unsigned,
    /// Whole numbers to be divided by a power of ten.
    Decimal(i32),
    Bool,
    /// Days since 1970.
    Date,
    /// Parts of a second since midnight.
    Time(i64),
    /// Parts of a second since 1970.
    Timestamp(i64),
    /// Texts in UTF-8.
    Text,
    Uuid,
    Float16,
    /// What has no single value a row, or none that can be read.
    Uncountable(Uncountable),
}

/// Whether a column holds points in time, in UTC, and not what a clock somewhere showed. INT96 does
/// not say: Spark writes the one, Impala the other.
pub(super) fn is_instant(column: &ColumnDescriptor) -> bool {
    match column.logical_type_ref() {
        Some(LogicalType::Timestamp(time)) => time.is_adjusted_to_u_t_c,
        Some(_) => false,
        None => matches!(
            column.converted_type(),
            ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS
        ),
    }
}

const fn parts_a_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

impl Kind {
    /// Returns what a column holds.
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        if column.max_rep_level() > 0 {
            return Self::Uncountable(Uncountable::Lists);
        }
        let physical = column.physical_type();
        let whole = matches!(physical, Type::INT32 | Type::INT64);
        let bytes = matches!(physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
        if let Some(logical) = column.logical_type_ref() {
            return match logical {
                LogicalType::Date if whole => Self::Date,
                LogicalType::Time(time) if whole => Self::Time(parts_a_second(&time.unit)),
                LogicalType::Timestamp(time) if whole => {
                    Self::Timestamp(parts_a_second(&time.unit))
                }
                LogicalType::Decimal(decimal) => Self::Decimal(decimal.scale),
                LogicalType::Integer(integer) if whole && integer.is_signed => Self::Number,
                LogicalType::Integer(_) if whole => Self::Unsigned,
                LogicalType::String | LogicalType::Enum | LogicalType::Json if bytes => Self::Text,
                LogicalType::Uuid if bytes => Self::Uuid,
                LogicalType::Float16 if bytes => Self::Float16,
                // A column of nothing but nulls.
                LogicalType::Unknown => Self::plain(physical),
                _ => Self::Uncountable(Uncountable::Binary),
            };
        }
        match column.converted_type() {
            ConvertedType::DATE if whole => Self::Date,
            ConvertedType::TIME_MILLIS if whole => Self::Time(1_000),
            ConvertedType::TIME_MICROS if whole => Self::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS if whole => Self::Timestamp(1_000),
            ConvertedType::TIMESTAMP_MICROS if whole => Self::Timestamp(1_000_000),
            ConvertedType::DECIMAL => Self::Decimal(column.type_scale()),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
                if whole =>
            {
                Self::Unsigned
            }
            ConvertedType::BSON | ConvertedType::INTERVAL => Self::Uncountable(Uncountable::Binary),
            _ => Self::plain(physical),
        }
    }

    const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Unsigned | Self::Decimal(_) | Self::Float16
        )
    }

    const fn plain(physical: Type) -> Self {
        match physical {
            Type::BOOLEAN => Self::Bool,
            Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => Self::Number,
            Type::INT96 => Self::Timestamp(1_000_000_000),
            Type::BYTE_ARRAY => Self::Text,
            Type::FIXED_LEN_BYTE_ARRAY => Self::Uncountable(Uncountable::Binary),
        }
    }
}

/// A column of a row group, decoded a batch at a time.
pub(super) struct Column {
    reader: ColumnReader,
    kind: Kind,
    /// Definition level of a value that is there.
    full: i16,
    levels: Vec<i16>,
    present: Vec<bool>,
    rows: usize,
    numbers: Vec<f64>,
    texts: Texts,
    /// What is decoded are texts; numbers otherwise.
    as_text: bool,
    room: Room,
}

/// Memory for values as they are stored.
#[derive(Default)]
struct Room {
    bools: Vec<bool>,
    int32: Vec<i32>,
    int64: Vec<i64>,
    int96: Vec<Int96>,
    floats: Vec<f32>,
    bytes: Vec<ByteArray>,
    fixed: Vec<FixedLenByteArray>,
}

impl Column {
    pub(super) fn new(reader: ColumnReader, kind: Kind, full: i16) -> Self {
        Self {
            reader,
            kind,
            full,
            levels: Vec::new(),
            present: Vec::new(),
            rows: 0,
            numbers: Vec::new(),
            texts: Texts::default(),
            as_text: !kind.is_number(),
            room: Room::default(),
        }
    }

    /// Decodes the next rows and returns how many; 0 at the end.
    pub(super) fn next(&mut self, rows: usize) -> Result<usize, ColumnFault> {
        self.numbers.clear();
        self.texts.clear();
        self.levels.clear();
        let Self {
            reader,
            kind,
            levels,
            numbers,
            texts,
            room,
            ..
        } = self;
        let kind = *kind;
        self.rows = match reader {
            ColumnReader::DoubleColumnReader(reader) => take(reader, rows, levels, numbers)?,
            ColumnReader::FloatColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.floats)?;
                numbers.extend(room.floats.iter().map(|&number| widened(number)));
                read
            }
            ColumnReader::Int32ColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.int32)?;
                if kind == Kind::Unsigned {
                    numbers.extend(room.int32.iter().map(|&int| f64::from(int as u32)));
                } else if kind == Kind::Number {
                    numbers.extend(room.int32.iter().map(|&int| f64::from(int)));
                } else {
                    let ints = room.int32.iter().map(|&int| i64::from(int));
                    whole(kind, ints, numbers, texts);
                }
                read
            }
            ColumnReader::Int64ColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.int64)?;
                if kind == Kind::Number && room.int64.iter().all(|&int| is_exact(int.into())) {
                    numbers.extend(room.int64.iter().map(|&int| int as f64));
                } else {
                    whole(kind, room.int64.iter().copied(), numbers, texts);
                }
                read
            }
            ColumnReader::Int96ColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.int96)?;
                for moment in &room.int96 {
                    texts.push_with(|out| write_int96(moment, out));
                }
                read
            }
            ColumnReader::BoolColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.bools)?;
                for &value in &room.bools {
                    texts.push(if value { b"true" } else { b"false" });
                }
                read
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.bytes)?;
                let values = room.bytes.iter().map(ByteArray::data);
                binary(kind, values, numbers, texts)?;
                read
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.fixed)?;
                let values = room.fixed.iter().map(|value| value.data());
                binary(kind, values, numbers, texts)?;
                read
            }
        };
        // Where a batch has a number that a double cannot hold, all of it come as texts.
        self.as_text = !kind.is_number() || !self.texts.is_empty();
        let values = self.values().len();
        self.present.clear();
        if values < self.rows {
            let full = self.full;
            self.present
                .extend(self.levels.iter().map(|&level| level == full));
            // Levels and values that disagree are damage.
            let there = self.present.iter().filter(|there| **there).count();
            if self.present.len() != self.rows || there != values {
                let message = "levels and values disagree".to_owned();
                return Err(parquet::errors::ParquetError::General(message).into());
            }
        }
        Ok(self.rows)
    }

    /// Leaves rows out.
    pub(super) fn skip(&mut self, rows: usize) -> Result<(), ColumnFault> {
        if rows == 0 {
            return Ok(());
        }
        macro_rules! skip {
            ($($form:ident),*) => {
                match &mut self.reader {
                    $(ColumnReader::$form(reader) => contained(|| reader.skip_records(rows)),)*
                }
            };
        }
        let skipped = skip!(
            BoolColumnReader,
            Int32ColumnReader,
            Int64ColumnReader,
            Int96ColumnReader,
            FloatColumnReader,
            DoubleColumnReader,
            ByteArrayColumnReader,
            FixedLenByteArrayColumnReader
        );
        skipped.map_err(ParquetError::General)??;
        Ok(())
    }

    fn values(&self) -> Values<'_> {
        if self.as_text {
            Values::Texts(&self.texts)
        } else {
            Values::Numbers(&self.numbers)
        }
    }

    /// Returns what was decoded last.
    pub(super) fn batch(&self) -> ColumnBatch<'_> {
        let values = self.values();
        ColumnBatch {
            values,
            present: (values.len() < self.rows).then_some(self.present.as_slice()),
            rows: self.rows,
        }
    }
}

fn take<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    levels: &mut Vec<i16>,
    values: &mut Vec<T::T>,
) -> Result<usize, ColumnFault> {
    values.clear();
    let decoded = contained(|| reader.read_records(rows, Some(levels), None, values));
    let (read, ..) = decoded.map_err(ParquetError::General)??;
    Ok(read)
}

/// Returns the double that a text file with this number would give: 0.1, not 0.10000000149.
fn widened(number: f32) -> f64 {
    if number.fract() == 0.0 || !number.is_finite() {
        return f64::from(number);
    }
    let mut text = [0_u8; 64];
    let mut rest = &mut text[..];
    let written = {
        use std::io::Write as _;
        write!(rest, "{number:e}").map(|()| 64 - rest.len())
    };
    written
        .ok()
        .and_then(|length| std::str::from_utf8(&text[..length]).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| f64::from(number))
}

/// Returns whether a double holds a whole number and none of its neighbours.
const fn is_exact(whole: i128) -> bool {
    whole.unsigned_abs() <= 1 << 53
}

/// Writes a whole number divided by a power of ten, every digit of it.
fn write_decimal(whole: i128, scale: i32, out: &mut Vec<u8>) {
    let digits = usize::try_from(scale).unwrap_or(0);
    let text = format!("{:0width$}", whole.unsigned_abs(), width = digits + 1);
    if whole < 0 {
        out.push(b'-');
    }
    let (before, after) = text.split_at(text.len() - digits);
    out.extend_from_slice(before.as_bytes());
    let after = after.trim_end_matches('0');
    if !after.is_empty() {
        out.push(b'.');
        out.extend_from_slice(after.as_bytes());
    }
}

/// Returns the double nearest to a decimal, the one that its text means; nothing if it is a whole
/// number that shares its double with others.
fn decimal(whole: i128, scale: i32) -> Option<f64> {
    // Both exact, so that dividing them rounds once.
    if is_exact(whole) && (0..=22).contains(&scale) {
        return Some(whole as f64 / 10_f64.powi(scale));
    }
    let mut text = Vec::new();
    write_decimal(whole, scale, &mut text);
    match classify(&text) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// Adds decimals as numbers, or as texts if one of them is not told by its double.
fn decimals(
    values: impl Iterator<Item = i128> + Clone,
    scale: i32,
    numbers: &mut Vec<f64>,
    texts: &mut Texts,
) {
    numbers.extend(values.clone().map_while(|value| decimal(value, scale)));
    if numbers.len() < values.clone().count() {
        numbers.clear();
        for value in values {
            texts.push_with(|out| write_decimal(value, scale, out));
        }
    }
}

/// Adds what whole numbers stand for.
fn whole(
    kind: Kind,
    values: impl Iterator<Item = i64> + Clone,
    numbers: &mut Vec<f64>,
    texts: &mut Texts,
) {
    match kind {
        Kind::Decimal(scale) => decimals(values.map(i128::from), scale, numbers, texts),
        Kind::Unsigned => decimals(values.map(|int| i128::from(int as u64)), 0, numbers, texts),
        Kind::Date => values.for_each(|days| texts.push_with(|out| write_date(days, out))),
        Kind::Time(parts) => {
            values.for_each(|time| texts.push_with(|out| write_time(time, parts, out)));
        }
        Kind::Timestamp(parts) => {
            values.for_each(|time| texts.push_with(|out| write_timestamp(time, parts, out)));
        }
        _ => decimals(values.map(i128::from), 0, numbers, texts),
    }
}

/// Writes a moment of Spark's and Impala's old form: nanoseconds of a day, and the day of Julius
/// Scaliger. As nanoseconds since 1970 it would overflow in 2262.
fn write_int96(moment: &Int96, out: &mut Vec<u8>) {
    const DAY_OF_1970: i64 = 2_440_588;
    const DAY: i64 = 86_400_000_000_000;
    let [low, high, day] = moment.data() else {
        return;
    };
    let nanoseconds = (i64::from(*high) << 32) | i64::from(*low);
    // Some writers count the hours before noon from the day before.
    let day = i64::from(*day as i32) - DAY_OF_1970 + nanoseconds.div_euclid(DAY);
    write_moment(day, nanoseconds.rem_euclid(DAY), out);
}

/// Returns a whole number of two's complement, the highest byte first; nothing if it is too long.
fn integer(value: &[u8]) -> Option<i128> {
    let sign = match value.first() {
        Some(byte) if *byte >= 0x80 => 0xff,
        _ => 0,
    };
    let (longer, value) = value.split_at(value.len().saturating_sub(16));
    let mut bytes = [sign; 16];
    bytes[16 - value.len()..].copy_from_slice(value);
    let number = i128::from_be_bytes(bytes);
    let fits = longer.iter().all(|byte| *byte == sign) && (number < 0) == (sign == 0xff);
    fits.then_some(number)
}

fn binary<'a>(
    kind: Kind,
    values: impl Iterator<Item = &'a [u8]> + Clone,
    numbers: &mut Vec<f64>,
    texts: &mut Texts,
) -> Result<(), ColumnFault> {
    match kind {
        Kind::Decimal(scale) => {
            // Longer ones have more than 38 digits, which nobody counts by.
            let known = |value| integer(value).unwrap_or(i128::MAX);
            decimals(values.map(known), scale, numbers, texts);
        }
        Kind::Float16 => numbers.extend(values.map(|value| {
            let byte = |at| value.get(at).copied().unwrap_or(0);
            shortest_half(u16::from_le_bytes([byte(0), byte(1)]))
        })),
        Kind::Uuid => {
            for value in values {
                texts.push_with(|out| write_uuid(value, out));
            }
        }
        _ => {
            for value in values {
                if let Err(error) = std::str::from_utf8(value) {
                    return Err(ColumnFault::NotUtf8(value[error.valid_up_to()]));
                }
                texts.push(value);
            }
        }
    }
    Ok(())
}

fn write_uuid(value: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in value.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
}

/// Returns the double of the shortest text that means a half-precision float: 0.1, not
/// 0.0999755859375.
fn shortest_half(bits: u16) -> f64 {
    let half = |bits| f16::from_bits(bits).to_f64();
    let exact = half(bits);
    if exact.fract() == 0.0 || !exact.is_finite() {
        return exact;
    }
    let (below, above) = (half(bits - 1), half(bits + 1));
    // The texts that are nearer to it than to its neighbours.
    let room = (exact - below).abs().min((above - exact).abs()) / 2.0;
    (0..5)
        .filter_map(|digits| format!("{exact:.digits$e}").parse().ok())
        .find(|short: &f64| (short - exact).abs() < room)
        .unwrap_or(exact)
}

/// Why a column cannot be decoded.
pub(super) enum ColumnFault {
    /// Damage.
    Parquet(ParquetError),
    /// A text that is none.
    NotUtf8(u8),
}

impl From<ParquetError> for ColumnFault {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_floats_become_the_doubles_of_their_text() {
        assert_eq!(widened(0.1), 0.1);
        assert_eq!(widened(-3.0), -3.0);
        assert_eq!(widened(1e-45), 1e-45);
        assert!(widened(f32::NAN).is_nan());
    }

    #[test]
    fn halves_and_decimals_are_what_they_stand_for() {
        // numpy.format_float_positional(numpy.float16(0.1), unique=True) etc.
        for (bits, short) in [
            (0x3e00, 1.5),
            (0xc000, -2.0),
            (0x7c00, f64::INFINITY),
            (0x2e66, 0.1),
            (0x3555, 0.3333),
            (0xb266, -0.2),
            (0x0001, 6e-8),
        ] {
            assert_eq!(shortest_half(bits), short);
        }
        let (mut numbers, mut texts) = (Vec::new(), Texts::default());
        let bytes = [&[0xff_u8, 0x85][..], &[0x04, 0xd2], &[0; 17], &[0xff; 20]];
        assert!(
            binary(
                Kind::Decimal(2),
                bytes.into_iter(),
                &mut numbers,
                &mut texts
            )
            .is_ok()
        );
        assert_eq!(numbers, [-1.23, 12.34, 0.0, -0.01]);
    }

    /// What the values become, as texts.
    fn written(kind: Kind, values: &[i64]) -> Vec<String> {
        let (mut numbers, mut texts) = (Vec::new(), Texts::default());
        whole(kind, values.iter().copied(), &mut numbers, &mut texts);
        let texts = texts
            .iter()
            .map(|text| String::from_utf8_lossy(text).into_owned());
        numbers.iter().map(f64::to_string).chain(texts).collect()
    }

    #[test]
    fn whole_numbers_keep_all_digits() {
        let codes = [716_277_643_516_076_033, 5];
        assert_eq!(written(Kind::Number, &codes), ["716277643516076033", "5"]);
        assert_eq!(written(Kind::Number, &[5, 7]), ["5", "7"]);
        assert_eq!(written(Kind::Unsigned, &[-1]), ["18446744073709551615"]);
        assert_eq!(
            written(Kind::Decimal(0), &codes),
            ["716277643516076033", "5"]
        );
        // Decimals of codes, some with a fraction, as Spark's default DECIMAL(38, 18) has them.
        let decimals = [71_627_764_351_607_603_300, -150];
        let (mut numbers, mut texts) = (Vec::new(), Texts::default());
        self::decimals(decimals.into_iter(), 2, &mut numbers, &mut texts);
        let texts: Vec<&[u8]> = texts.iter().collect();
        assert_eq!(texts, [&b"716277643516076033"[..], b"-1.5"]);
        assert!(numbers.is_empty());
        // Rounded once, as the text "12345678901.2345678" is.
        assert_eq!(
            decimal(123_456_789_012_345_678, 7),
            "12345678901.2345678".parse().ok()
        );
    }

    #[test]
    fn moments_of_every_year_are_what_they_are() {
        // The day of Julius Scaliger of 9999-12-31 is 5373484, of 0001-01-01 1721426.
        for (day, nanoseconds, expected) in [
            (5_373_484, 10_800_000_000_000_i64, "9999-12-31 03:00:00"),
            (1_721_426, 0, "0001-01-01 00:00:00"),
            (2_440_588, 250_000_000, "1970-01-01 00:00:00.25"),
        ] {
            let mut moment = Int96::new();
            let (low, high) = (nanoseconds as u32, (nanoseconds >> 32) as u32);
            moment.set_data(low, high, day);
            let mut text = Vec::new();
            write_int96(&moment, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), expected);
        }
    }
}
