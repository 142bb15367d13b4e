//! How a long computation says how far it is, without knowing who listens.

/// Hears of the stages of a computation and of the bytes that it has gone through.
pub trait Progress: Sync {
    /// A new stage begins; `total_bytes` where the amount is known.
    fn stage(&self, name: &str, total_bytes: Option<u64>);
    /// A new stage begins that goes by steps, such as rounds of a training: at most `total`.
    fn steps(&self, name: &str, _total: u64) {
        self.stage(name, None);
    }
    /// `amount` more bytes or steps of the stage are done. Called from several threads.
    fn advance(&self, amount: u64);
    /// What the stage has come to so far, in a few words. Often called; need not be shown.
    fn note(&self, _text: &str) {}
    /// The stage is over.
    fn finish(&self);
}

/// Listens to nothing: for tests, for pipes, for `-q`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total_bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
}
