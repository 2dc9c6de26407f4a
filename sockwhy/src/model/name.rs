//! The name of a process or thread.

use std::fmt;

use sockwhy_common::COMM_LEN;

/// The name of a process or thread: up to fifteen bytes of any value but NUL, chosen by whoever runs it.
#[derive(Clone, Copy)]
pub struct Name([u8; COMM_LEN]);

impl Name {
    /// The bytes before the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(COMM_LEN);
        &self.0[..len]
    }
}

/// Older kernels leave old bytes behind the NUL.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Name {}

impl From<[u8; COMM_LEN]> for Name {
    fn from(comm: [u8; COMM_LEN]) -> Self {
        Self(comm)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_its_nul() {
        assert_eq!(Name::from(*b"java\0stale bytes").as_bytes(), b"java");
        assert_eq!(Name::from([0; 16]).as_bytes(), b"");
        assert_eq!(Name::from([b'x'; 16]).as_bytes(), [b'x'; 16]);
    }

    #[test]
    fn bytes_behind_the_nul_do_not_count() {
        assert_eq!(Name::from(*b"list\0tance-1234\0"), Name::from(*b"list\0\0\0\0\0\0\0\0\0\0\0\0"));
        assert_ne!(Name::from(*b"list\0tance-1234\0"), Name::from(*b"listtance-1234\0\0"));
    }
}
