//! A receiver that keeps every JSON body that is posted to it: what a sender really sends.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::any;
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;

use super::events;
use super::server::{Drain, Listen, Server};
use super::stop::Stop;

/// A receiver that runs on threads of its own until it is dropped.
#[derive(Debug)]
pub struct Catcher {
    address: std::net::SocketAddr,
    caught: Receiver<serde_json::Value>,
    stop: Stop,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Catcher {
    /// Listens on host and port; port 0 is any free one.
    ///
    /// # Errors
    /// Fails with 74 if the address cannot be bound, with 78 if it is none.
    pub fn listen(address: &str) -> Result<Self> {
        let (sender, caught) = channel();
        let sender = Arc::new(Mutex::new(sender));
        let router = Router::new()
            .route("/", any(take))
            .route("/{*path}", any(take))
            .with_state(sender);
        let (events, inbox) = events::channel(64);
        let server = Server::bind(vec![Listen::new(address, router)], 1, events)?;
        let bound = server.addresses();
        let bound = bound
            .first()
            .copied()
            .ok_or_else(|| Error::new(ExitCode::Bug, "a server without an address"))?;
        let stop = Stop::new();
        let told = stop.clone();
        let drain = Drain {
            delay: Duration::ZERO,
            most: Duration::from_secs(1),
        };
        let thread = std::thread::Builder::new()
            .name("catch".into())
            .spawn(move || {
                server.run(&told, drain, inbox, |_| ());
            });
        let thread = thread.map_err(|error| {
            Error::new(ExitCode::Io, "cannot start the receiver's thread").because(error)
        })?;
        Ok(Self {
            address: bound,
            caught,
            stop,
            thread: Some(thread),
        })
    }

    /// Returns where it listens.
    #[must_use]
    pub const fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// Returns what came since the last call.
    #[must_use]
    pub fn caught(&self) -> Vec<serde_json::Value> {
        self.caught.try_iter().collect()
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        self.stop.trigger();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Inbox = Arc<Mutex<Sender<serde_json::Value>>>;

/// Takes any method and path: whoever sends must be heard, however it was configured.
async fn take(State(inbox): State<Inbox>, body: Bytes) -> StatusCode {
    let Ok(value) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let sender = inbox.lock().unwrap_or_else(PoisonError::into_inner);
    // The one who listens may have gone already.
    let _ = sender.send(value);
    StatusCode::OK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Access, Client, Policy, Request};

    #[test]
    fn what_is_posted_is_caught_and_what_is_no_json_is_refused() {
        let catcher = Catcher::listen("127.0.0.1:0").expect("bound");
        let url = format!("http://{}", catcher.address())
            .parse()
            .expect("a URL");
        let client = Client::new("the test", url, &Access::default(), Policy::default());
        let client = client.expect("a client");
        let request = Request::post_json("/any/path", &serde_json::json!({ "a": 1 }));
        client.call(&request.expect("JSON")).expect("taken");
        assert_eq!(catcher.caught(), [serde_json::json!({ "a": 1 })]);
        let request = Request::get("/");
        let answer = client.send(&request).expect("an answer");
        assert_eq!(answer.status, 400);
        assert!(catcher.caught().is_empty());
    }
}
