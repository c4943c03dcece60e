//! The two depths of a test run.

/// How much random work a run does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// What a change needs before it lands.
    #[default]
    Landing,
    /// Many times as much, and the stages that take long. For every release, and for a change of
    /// the protocol, of money or of a store.
    Deep,
}

/// The flag of a run with the long stages and more random work.
pub const DEEP_FLAG: &str = "--deep";
/// `1` tells tests in Rust and in the browser that the run is deep.
const VARIABLE: &str = "HOLDFAST_DEEP";

impl Depth {
    pub fn environment(self) -> (String, String) {
        let is_deep = u8::from(self == Self::Deep);
        (VARIABLE.to_owned(), is_deep.to_string())
    }

    pub fn chaos_rounds(self) -> &'static str {
        match self {
            Self::Landing => "3",
            Self::Deep => "50",
        }
    }

    pub fn sim_seeds(self) -> &'static str {
        match self {
            Self::Landing => "1000",
            Self::Deep => "25000",
        }
    }

    pub fn money_seeds(self) -> &'static str {
        match self {
            Self::Landing => "10000",
            Self::Deep => "1000000",
        }
    }

    /// How long all callers together call the routes.
    pub fn route_seconds(self) -> u64 {
        match self {
            Self::Landing => 30,
            Self::Deep => 240,
        }
    }
}
