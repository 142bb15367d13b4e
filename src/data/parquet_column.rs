//! One column of a Parquet file: from its physical and logical type to numbers or texts.

use half::f16;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::schema::types::ColumnDescriptor;

use super::calendar::{write_date, write_time, write_timestamp};
use super::columns::{ColumnBatch, Texts, Values};
use super::error::Uncountable;
use super::parquet::ColumnFault;

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
            as_text: !matches!(
                kind,
                Kind::Number | Kind::Unsigned | Kind::Decimal(_) | Kind::Float16
            ),
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
                    for &int in &room.int32 {
                        whole(kind, i64::from(int), numbers, texts);
                    }
                }
                read
            }
            ColumnReader::Int64ColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.int64)?;
                if kind == Kind::Number {
                    numbers.extend(room.int64.iter().map(|&int| int as f64));
                } else {
                    for &int in &room.int64 {
                        whole(kind, int, numbers, texts);
                    }
                }
                read
            }
            ColumnReader::Int96ColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.int96)?;
                for moment in &room.int96 {
                    texts.push_with(|out| write_timestamp(moment.to_nanos(), 1_000_000_000, out));
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
                for value in &room.bytes {
                    binary(kind, value.data(), numbers, texts)?;
                }
                read
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                let read = take(reader, rows, levels, &mut room.fixed)?;
                for value in &room.fixed {
                    binary(kind, value.data(), numbers, texts)?;
                }
                read
            }
        };
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
                    $(ColumnReader::$form(reader) => reader.skip_records(rows)?,)*
                }
            };
        }
        skip!(
            BoolColumnReader,
            Int32ColumnReader,
            Int64ColumnReader,
            Int96ColumnReader,
            FloatColumnReader,
            DoubleColumnReader,
            ByteArrayColumnReader,
            FixedLenByteArrayColumnReader
        );
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
    let (read, ..) = reader.read_records(rows, Some(levels), None, values)?;
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

fn scaled(whole: f64, scale: i32) -> f64 {
    // Exact powers of ten up to 10^22: one rounding, as reading the text would do.
    whole / 10_f64.powi(scale)
}

fn whole(kind: Kind, value: i64, numbers: &mut Vec<f64>, texts: &mut Texts) {
    match kind {
        Kind::Unsigned => numbers.push(value as u64 as f64),
        Kind::Decimal(scale) => numbers.push(scaled(value as f64, scale)),
        Kind::Date => texts.push_with(|out| write_date(value, out)),
        Kind::Time(parts) => texts.push_with(|out| write_time(value, parts, out)),
        Kind::Timestamp(parts) => texts.push_with(|out| write_timestamp(value, parts, out)),
        _ => numbers.push(value as f64),
    }
}

fn binary(
    kind: Kind,
    value: &[u8],
    numbers: &mut Vec<f64>,
    texts: &mut Texts,
) -> Result<(), ColumnFault> {
    match kind {
        Kind::Decimal(scale) => {
            // Two's complement, the highest byte first.
            let start = match value.first() {
                Some(byte) if *byte >= 0x80 => -1.0,
                _ => 0.0,
            };
            let whole = if value.len() <= 16 {
                let mut bytes = [if start < 0.0 { 0xff } else { 0 }; 16];
                bytes[16 - value.len()..].copy_from_slice(value);
                i128::from_be_bytes(bytes) as f64
            } else {
                value
                    .iter()
                    .fold(start, |sum, &byte| sum * 256.0 + f64::from(byte))
            };
            numbers.push(scaled(whole, scale));
        }
        Kind::Float16 => {
            let bits = u16::from_le_bytes([
                value.first().copied().unwrap_or(0),
                value.get(1).copied().unwrap_or(0),
            ]);
            numbers.push(f16::from_bits(bits).to_f64());
        }
        Kind::Uuid => texts.push_with(|out| {
            for (at, byte) in value.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                out.extend_from_slice(format!("{byte:02x}").as_bytes());
            }
        }),
        _ => {
            if let Err(error) = std::str::from_utf8(value) {
                return Err(ColumnFault::NotUtf8(value[error.valid_up_to()]));
            }
            texts.push(value);
        }
    }
    Ok(())
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
        let (mut numbers, mut texts) = (Vec::new(), Texts::default());
        // numpy.float16(1.5).view('u2') etc.
        for bits in [0x3e00_u16, 0xc000, 0x0001, 0x7c00] {
            assert!(binary(Kind::Float16, &bits.to_le_bytes(), &mut numbers, &mut texts).is_ok());
        }
        assert_eq!(numbers, [1.5, -2.0, 2.0_f64.powi(-24), f64::INFINITY]);
        numbers.clear();
        for bytes in [&[0xff_u8, 0x85][..], &[0x04, 0xd2], &[0; 17]] {
            assert!(binary(Kind::Decimal(2), bytes, &mut numbers, &mut texts).is_ok());
        }
        assert_eq!(numbers, [-1.23, 12.34, 0.0]);
    }
}
