//! Databases as sources: the address, the dialect, and what an engine must be able to do. Text
//! only: connections are made elsewhere.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::files::{MOST_BY_HAND, read_text_at_most};
use churn_base::hex::hex;
use churn_base::percent::{BadEscape, decoded};
use churn_base::redact;
use churn_base::secret::Secret;

/// How a database writes its SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// Spark SQL.
    Spark,
}

impl Dialect {
    /// Returns how the engine behind a scheme writes its SQL; none if nobody here speaks it.
    fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            "sc" | "spark" => Some(Self::Spark),
            _ => None,
        }
    }

    /// Returns the form of its addresses.
    const fn form(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://USER@HOST:PORT/DATABASE?table=NAME, or ?query=SELECT ...",
            Self::MySql => "mysql://USER@HOST:PORT/DATABASE?table=NAME, or ?query=SELECT ...",
            Self::Spark => {
                "sc://HOST:PORT?table=NAME, or ?query=SELECT ...; \
                 sc://HOST:PORT/;use_ssl=true;user_id=NAME?token_file=FILE&table=NAME"
            }
        }
    }

    /// Returns whether addresses may have such a parameter beside the usual ones.
    fn has_option(self, name: &str) -> bool {
        match self {
            Self::Postgres | Self::MySql => false,
            Self::Spark => {
                let known = ["use_ssl", "token", "token_file", "user_id", "session_id"];
                known.contains(&name) || name.starts_with("x-")
            }
        }
    }

    /// Quotes a name, whatever is in it.
    #[must_use]
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::MySql | Self::Spark => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// Quotes a text, whatever is in it.
    #[must_use]
    pub fn text(self, text: &str) -> String {
        match self {
            // What a backslash means, a setting of the session decides. Ours sets it, but statements
            // are printed, too, to be run elsewhere: these forms mean the same in every session.
            Self::Postgres if text.contains('\\') => {
                format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
            }
            Self::MySql if text.contains('\\') => format!("_utf8mb4 X'{}'", hex(text.as_bytes())),
            Self::Postgres | Self::MySql => format!("'{}'", text.replace('\'', "''")),
            // What a backslash means there, a setting decides; `${name}` can be one's value. In
            // digits nothing means anything.
            Self::Spark if text.contains(['\'', '\\', '$']) => {
                format!("cast(X'{}' as string)", hex(text.as_bytes()))
            }
            Self::Spark => format!("'{text}'"),
        }
    }

    /// Writes a number so that the engine reads the same double.
    #[must_use]
    pub fn number(self, number: f64) -> String {
        match self {
            Self::Postgres => format!("cast('{number:e}' as double precision)"),
            // With an exponent it is a double, without one a decimal.
            Self::MySql => format!("{number:e}"),
            Self::Spark => format!("{number:e}D"),
        }
    }

    /// Casts to a double.
    #[must_use]
    pub fn to_double(self, expression: &str) -> String {
        match self {
            Self::Postgres => format!("cast({expression} as double precision)"),
            // Versions that can't cast to a double are about, too.
            Self::MySql => format!("({expression} + 0e0)"),
            Self::Spark => format!("cast({expression} as double)"),
        }
    }

    /// Casts to a text that is equal to another only if all of its bytes are.
    #[must_use]
    pub fn to_text(self, expression: &str) -> String {
        match self {
            Self::Postgres => format!("cast({expression} as text)"),
            // UTF-8 first, as the session speaks it; as bytes neither case, accents nor spaces at
            // the end are the same as others.
            Self::MySql => format!("cast(cast({expression} as char) as binary)"),
            Self::Spark => format!("cast({expression} as string)"),
        }
    }

    /// Returns a text that is compared by its bytes, whatever the collation of its column.
    #[must_use]
    pub fn by_bytes(self, text: &str) -> String {
        match self {
            Self::Postgres => format!("({text} collate \"C\")"),
            // Bytes already, and the only way.
            Self::MySql | Self::Spark => text.to_owned(),
        }
    }

    /// Returns a condition that is true for values whose text a regular expression finds something in: one that all
    /// engines understand alike.
    #[must_use]
    pub fn matches(self, value: &str, expression: &str) -> String {
        let expression = self.text(expression);
        match self {
            Self::Postgres => {
                let text = self.by_bytes(&self.to_text(value));
                format!("({text} ~ {expression})")
            }
            Self::MySql => format!("(cast({value} as char) regexp {expression})"),
            Self::Spark => format!("(cast({value} as string) rlike {expression})"),
        }
    }

    /// Returns a condition that is true for NaN alone.
    #[must_use]
    pub fn is_nan(self, double: &str) -> String {
        match self {
            // Here NaN is equal to itself.
            Self::Postgres => format!("{double} = cast('NaN' as double precision)"),
            // There is none, so nothing is.
            Self::MySql => format!("{double} <> {double}"),
            Self::Spark => format!("isnan({double})"),
        }
    }

    /// Returns the column as an expression whose text and number are those of a CSV file.
    #[must_use]
    pub fn value(self, column: &SqlColumn) -> String {
        let name = self.name(&column.name);
        match (self, column.kind) {
            (Self::MySql, SqlKind::Single) => shortest_single(&name),
            // The text of bits is bytes.
            (Self::MySql, SqlKind::Number) if column.type_name == "bit" => format!("({name} + 0)"),
            _ => name,
        }
    }

    /// Returns the column as a double.
    #[must_use]
    pub fn double(self, column: &SqlColumn) -> String {
        let value = self.value(column);
        match (self, column.kind) {
            (Self::MySql, SqlKind::Single) => value,
            // Its text is the shortest: 0.1 stays 0.1.
            (_, SqlKind::Single) => self.to_double(&self.to_text(&value)),
            _ => self.to_double(&value),
        }
    }
}

/// The double of the shortest text that means a single-precision number of MySQL, whose own text
/// of it has six digits and loses the others: rounded to six, seven, eight digits if that is the
/// same number still, else to nine.
fn shortest_single(name: &str) -> String {
    let double = format!("({name} + 0e0)");
    let rounded = |digits: u32| {
        let places = digits - 1;
        format!("round({double}, {places} - floor(log10(abs({double}))))")
    };
    let cases: String = (6..9)
        .map(rounded)
        .map(|text| format!("when cast({text} as float) = {name} then {text} "))
        .collect();
    // Zero has no logarithm.
    format!("case {cases}else coalesce({}, {double}) end", rounded(9))
}

/// What a column of a table can be counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlKind {
    /// Numbers of any precision.
    Number,
    /// Single-precision numbers, whose text is shorter than their double's.
    Single,
    /// Texts, and what has a text: dates, truth values, identifiers.
    Text,
    /// Neither: documents, bytes, arrays.
    Uncountable,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// What it can be counted as.
    pub kind: SqlKind,
    /// What the engine calls its type.
    pub type_name: String,
}

/// A cell of an answer: its text, none for null.
pub type Cell<'a> = Option<&'a str>;

/// An open connection in which all statements see the same rows and none can write.
pub trait Engine: Send {
    /// Returns how its SQL is written.
    fn dialect(&self) -> Dialect;

    /// Runs one statement whose columns are all texts, and hands every row on.
    ///
    /// # Errors
    /// What the engine says: 65 for a statement that it refuses, 69 if it stayed away or left,
    /// 77 if it may not be read.
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()>;
}

/// An address such as `postgres://user@host/db?table=customers`.
#[derive(Clone, PartialEq, Eq)]
pub struct SqlAddress {
    /// As the user gave it, without the password.
    pub shown: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    pub(super) tls: bool,
    pub(super) ca_file: Option<String>,
    /// Parameters of this dialect alone.
    pub(super) options: Vec<(String, Secret)>,
    source: String,
}

impl std::fmt::Debug for SqlAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Returns whether an address names a database.
#[must_use]
pub fn is_database(address: &str) -> bool {
    [
        "postgres://",
        "postgresql://",
        "mysql://",
        "mariadb://",
        "spark://",
        "sc://",
    ]
    .iter()
    .any(|scheme| address.starts_with(scheme))
}

fn password_in(file: &Path) -> Result<Secret> {
    let text =
        read_text_at_most(file, MOST_BY_HAND).map_err(|error| Error::io("read", file, error))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

impl SqlAddress {
    /// Takes an address apart.
    ///
    /// # Errors
    /// 64 if it is not an address; 65 if it has a query that is not a SELECT.
    pub fn parse(address: &str) -> Result<Self> {
        let shown = redact::address(address).into_owned();
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let dialect = Dialect::of(scheme);
        let form = dialect.unwrap_or(Dialect::Postgres).form();
        let bad = |what: &str| Error::usage(format!("{shown}: {what}")).hint(form);
        let dialect = dialect.ok_or_else(|| bad("this is not an address"))?;
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = path.split_once('/').unwrap_or((path, ""));
        // Spark has no databases in its addresses, but parameters: `/;use_ssl=true;user_id=me`.
        let (database, in_path) = match dialect {
            Dialect::Spark => database.split_once(';').unwrap_or((database, "")),
            Dialect::Postgres | Dialect::MySql => (database, ""),
        };
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let plain = |what: &str, text: &str| {
            decoded(text).map(Cow::into_owned).map_err(|error| {
                // An escape of a password, a token or a header would show a part of it.
                let is_secret = what == "password" || dialect.has_option(what);
                let why = match is_secret {
                    true => format!("the {what} has a malformed escape"),
                    false => format!("in the {what}, {error}"),
                };
                bad(&why).hint(BadEscape::HINT)
            })
        };
        let (user, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => (
                Some(plain("user", user)?),
                Some(plain("password", password)?),
            ),
            None => (None, None),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.contains(']') => {
                let port = port.parse().map_err(|_| bad("the port is not a number"))?;
                (host, Some(port))
            }
            _ => (host, None),
        };
        let host = plain("host", host.trim_start_matches('[').trim_end_matches(']'))?;
        if host.is_empty() {
            return Err(bad("there is no host"));
        }
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let mut parsed = Self {
            host,
            port,
            user: user.filter(|user| !user.is_empty()),
            password: password
                .filter(|password| !password.is_empty())
                .map(Secret::new),
            database: Some(plain("database", database)?).filter(|name| !name.is_empty()),
            tls: dialect != Dialect::Spark && !is_here,
            ca_file: None,
            options: Vec::new(),
            source: String::new(),
            shown: shown.clone(),
        };
        let (mut table, mut filter, mut query, mut password_file) = (None, None, None, None);
        let parameters = in_path.split(';').chain(parameters.split('&'));
        for parameter in parameters.filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = plain(name, value)?;
            match name {
                "table" => table = Some(value),
                "where" => filter = Some(value),
                "query" => query = Some(value),
                "password_file" => password_file = Some(value),
                "sslrootcert" | "ssl-ca" => parsed.ca_file = Some(value),
                "sslmode" | "ssl-mode" => {
                    // MySQL's own words are DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY.
                    parsed.tls = match value.to_lowercase().replace('_', "-").as_str() {
                        "disable" | "disabled" => false,
                        "require" | "required" | "verify-ca" | "verify-full"
                        | "verify-identity" => true,
                        _ => return Err(bad("sslmode is disable or verify-full")),
                    }
                }
                own if dialect.has_option(own) => {
                    parsed.options.push((own.to_owned(), Secret::new(value)));
                }
                other => return Err(bad(&format!("there is no parameter \"{other}\""))),
            }
        }
        if let Some(file) = password_file {
            parsed.password = Some(password_in(Path::new(&file))?);
        }
        parsed.source = match (table, query) {
            (Some(table), None) => from_table(dialect, &table, filter.as_deref()),
            (None, Some(query)) => {
                let query = select_only(&query).ok_or_else(|| {
                    Error::bad_input("the query is not a SELECT")
                        .at(parsed.place())
                        .hint("only SELECT (or WITH ... SELECT) is run, and one alone")
                })?;
                from_query(query, filter.as_deref())
            }
            _ => return Err(bad("name either a table or a query")),
        };
        Ok(parsed)
    }

    /// Returns the place that errors name.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            file: self.shown.clone(),
            ..Place::default()
        }
    }

    /// Returns what the server said, without what it was told in confidence.
    pub(super) fn hidden_in(&self, said: &str) -> String {
        let options = self
            .options
            .iter()
            .filter(|(name, _)| is_confidential(name));
        let secrets = options.map(|(_, value)| value).chain(&self.password);
        secrets.fold(said.to_owned(), |said, secret| secret.hidden_in(&said))
    }

    /// Returns whether another address is of the same database, asked by the same user.
    #[must_use]
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let server = |address: &Self| Self {
            shown: String::new(),
            source: String::new(),
            ..address.clone()
        };
        server(self) == server(other)
    }

    /// Puts something around what stands after FROM.
    pub(super) fn wrap(&mut self, around: impl FnOnce(&str) -> String) {
        self.source = around(&self.source);
    }

    /// Returns what stands after FROM.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

fn is_confidential(option: &str) -> bool {
    option == "token" || option.starts_with("x-")
}

/// Quotes `table` or `schema.table`, narrowed by a condition of the user's.
fn from_table(dialect: Dialect, table: &str, filter: Option<&str>) -> String {
    let parts = match dialect {
        // A catalog may come first; with a slash it is a file: parquet./data/part.0.parquet.
        Dialect::Spark if !table.contains('/') => 3,
        Dialect::Spark | Dialect::Postgres | Dialect::MySql => 2,
    };
    let parts = table.splitn(parts, '.').map(|part| dialect.name(part));
    let name = parts.collect::<Vec<_>>().join(".");
    match filter {
        None => name,
        // A line break, so that a comment in it ends.
        Some(filter) => format!("(select * from {name} where ({filter}\n)) as source"),
    }
}

fn from_query(query: &str, filter: Option<&str>) -> String {
    match filter {
        None => format!("({query}\n) as source"),
        Some(filter) => {
            format!("(select * from ({query}\n) as query where ({filter}\n)) as source")
        }
    }
}

/// Returns a query without what ends it, if it begins like one that only reads.
fn select_only(query: &str) -> Option<&str> {
    let query = query.trim().trim_end_matches(';').trim_end();
    let mut rest = query.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    // Comments may come first.
    loop {
        rest = match rest {
            text if text.starts_with("--") => text.split_once('\n')?.1.trim_start(),
            text if text.starts_with("/*") => text.split_once("*/")?.1.trim_start(),
            _ => break,
        };
    }
    let word: String = rest
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_lowercase();
    matches!(word.as_str(), "select" | "with" | "values" | "table").then_some(query)
}

/// Returns the statement that gives all rows as CSV would have them, null for what nobody wants.
pub(super) fn select_rows(
    dialect: Dialect,
    columns: &[SqlColumn],
    wanted: Option<&[bool]>,
    source: &str,
) -> String {
    let mut sql = String::from("select ");
    for (at, column) in columns.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let name = dialect.name(&column.name);
        let value = if wanted.is_none_or(|wanted| wanted[at]) {
            dialect.to_text(&dialect.value(column))
        } else {
            "null".to_owned()
        };
        // Writing to a string cannot fail.
        let _ = write!(sql, "{comma}{value} as {name}");
    }
    format!("{sql} from {source}")
}

#[cfg(test)]
mod tests;
