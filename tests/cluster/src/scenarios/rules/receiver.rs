//! A receiver of Alertmanager's webhooks, which notes when it was told of what.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use crate::network::BRIDGE;

/// Of each alert when it first fired and when it was last resolved, as the receiver was told.
#[derive(Default)]
pub(super) struct Told {
    /// By fingerprint, so that an alert of several pods is resolved when all are.
    pub(super) firing: BTreeMap<String, BTreeSet<String>>,
    pub(super) began: BTreeMap<String, Instant>,
    pub(super) resolved: BTreeMap<String, Instant>,
}

/// A receiver of webhooks.
pub(super) fn receiver() -> Result<(String, Arc<Mutex<Told>>), String> {
    let listener = TcpListener::bind((BRIDGE, 0)).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let told: Arc<Mutex<Told>> = Arc::default();
    let notes = Arc::clone(&told);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&mut stream);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let mut told = notes.lock().unwrap_or_else(PoisonError::into_inner);
            for alert in body["alerts"].as_array().into_iter().flatten() {
                told.note(alert);
            }
        }
    });
    Ok((format!("http://{address}/"), told))
}

impl Told {
    fn note(&mut self, alert: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, one) = (
            text(&alert["labels"]["alertname"]),
            text(&alert["fingerprint"]),
        );
        let firing = self.firing.entry(name.clone()).or_default();
        if alert["status"] == "firing" {
            firing.insert(one);
            self.began.entry(name).or_insert_with(Instant::now);
        } else {
            firing.remove(&one);
            if firing.is_empty() {
                self.resolved.insert(name, Instant::now());
            }
        }
    }
}
