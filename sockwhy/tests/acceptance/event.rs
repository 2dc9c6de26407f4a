//! One event, as sockwhy's JSON output has it.

use serde_json::{Map, Value};

/// An object of the output. Every field that the interface promises is there and has the right type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event(Map<String, Value>);

/// The fields that every event has, and the types of their values.
const FIELDS: [(&str, &[Type]); 20] = [
    ("time", &[Type::String]),
    ("event", &[Type::String]),
    ("pid", &[Type::Int, Type::Null]),
    ("tid", &[Type::Int, Type::Null]),
    ("uid", &[Type::Int]),
    ("process", &[Type::String]),
    ("thread", &[Type::String]),
    ("netns", &[Type::Int]),
    ("cgroup_id", &[Type::Int, Type::Null]),
    ("cookie", &[Type::Int, Type::Null]),
    ("family", &[Type::String]),
    ("ip_version", &[Type::Int]),
    ("label", &[Type::String]),
    ("netstat", &[Type::String]),
    ("local_addr", &[Type::String]),
    ("local_port", &[Type::Int]),
    ("peer_addr", &[Type::String]),
    ("peer_port", &[Type::Int]),
    ("v6only", &[Type::Bool, Type::Null]),
    ("why", &[Type::String]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    String,
    Int,
    Bool,
    Null,
    Other,
}

impl Type {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::String,
            Value::Number(number) if number.is_u64() => Self::Int,
            Value::Bool(_) => Self::Bool,
            Value::Null => Self::Null,
            _ => Self::Other,
        }
    }
}

impl Event {
    /// The names of all fields.
    pub(crate) fn fields() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(name, _)| *name)
    }

    /// Reads a line of the output.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let Value::Object(object) = serde_json::from_str(line).map_err(|error| error.to_string())? else {
            return Err("not an object".to_owned());
        };
        for (name, types) in FIELDS {
            let value = object.get(name).ok_or_else(|| format!("no field `{name}`"))?;
            if !types.contains(&Type::of(value)) {
                return Err(format!("`{name}` is none of {types:?}"));
            }
        }
        let event = Self(object);
        nanoseconds(event.str("time")).ok_or("`time` is not of the form 2026-01-31T23:59:59.123456789Z")?;
        Ok(event)
    }

    /// The value of a field.
    pub(crate) fn get(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or(&Value::Null)
    }

    /// The value of a field that is a string.
    pub(crate) fn str(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_default()
    }

    /// The value of a field that is a number; `None` if it is null.
    pub(crate) fn int(&self, field: &str) -> Option<u64> {
        self.get(field).as_u64()
    }

    /// The bytes of a name. Bytes that are not UTF-8, and backslashes that look like an escape, are written `\xNN`.
    pub(crate) fn name(&self, field: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = self.str(field).as_bytes();
        while let [first, after @ ..] = rest {
            let escaped = match rest {
                [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    str::from_utf8(&rest[2..4]).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
                }
                _ => None,
            };
            bytes.push(escaped.unwrap_or(*first));
            rest = if escaped.is_some() { &rest[4..] } else { after };
        }
        bytes
    }

    /// When it happened, in nanoseconds since 1970.
    pub(crate) fn time(&self) -> u64 {
        nanoseconds(self.str("time")).unwrap_or_default()
    }

    /// Whether one of these processes did it.
    pub(crate) fn is_of(&self, pids: &[u32]) -> bool {
        self.int("pid").is_some_and(|pid| pids.iter().any(|wanted| u64::from(*wanted) == pid))
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", Value::Object(self.0.clone()))
    }
}

/// RFC 3339 in UTC with nine digits of fraction, as nanoseconds since 1970.
fn nanoseconds(time: &str) -> Option<u64> {
    let form = "0000-00-00T00:00:00.000000000Z";
    let fits = |(is, should): (u8, u8)| if should == b'0' { is.is_ascii_digit() } else { is == should };
    if time.len() != form.len() || !time.bytes().zip(form.bytes()).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| time[from..to].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    // Here years begin in March, so that the leap day is the last day of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days_to_1970 = 719_468;
    let seconds = (days - days_to_1970) * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    Some(seconds * 1_000_000_000 + number(20, 29)?)
}
